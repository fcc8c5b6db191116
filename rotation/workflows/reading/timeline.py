"""Expiries ahead, week by week: what is ours to rotate, what nobody rotates, certificates."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rotation.domain.credential import NEVER
from rotation.ledger import keys
from rotation.ledger.lines import IndexedLine
from rotation.workflows.reading import links

UNMANAGED = frozenset({"monitored", "foreign", "stray"})
"""Statuses of what rotation does not do by itself."""
CERTIFICATES = frozenset({"certificate", "saml-certificate"})
A_WEEK = timedelta(days=7)
SHOWN = 26
"""Weeks: as far as a secret of the usual lifetime reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """How many credentials end in one ISO week."""

    week: str
    """`2026-W49`, the partition of `expiries`."""
    begins: date
    ours: int = 0
    """Current credentials of enrolled lines, as they are now."""
    unmanaged: int = 0
    """Client secrets that nobody rotates, as the last complete passes found them."""
    certificates: int = 0
    link: str = ""


def timeline(lines: Iterable[IndexedLine], ends: Mapping[str, Mapping[str, int]], now: datetime) -> tuple[Week, ...]:
    """Count the ends of this week and of those that follow."""
    ours = Counter(keys.week(entry.end_at) for entry in lines if entry.end_at and now <= entry.end_at < NEVER)
    secrets: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for day, found in ends.items():
        if day >= f"{now:%Y-%m-%d}":
            week = keys.week(datetime.fromisoformat(day))
            secrets[week] += unmanaged(found)
            others[week] += certificates(found)
    return tuple(
        Week(
            week=week,
            begins=begins,
            ours=ours[week],
            unmanaged=secrets[week],
            certificates=others[week],
            link=links.expiries(week=week),
        )
        for week, begins in _weeks(now)
    )


def _weeks(now: datetime) -> Iterator[tuple[str, date]]:
    monday = now - timedelta(days=now.weekday())
    for place in range(SHOWN):
        begins = monday + place * A_WEEK
        yield keys.week(begins), begins.date()


def unmanaged(found: Mapping[str, int]) -> int:
    """Count secrets that nobody rotates among one day's `<kind> <status>`."""
    return sum(number for kind, status, number in _told(found) if kind not in CERTIFICATES and status in UNMANAGED)


def certificates(found: Mapping[str, int]) -> int:
    """Count certificates among them."""
    return sum(number for kind, _status, number in _told(found) if kind in CERTIFICATES)


def _told(found: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    for what, number in found.items():
        kind, _, status = what.partition(" ")
        yield kind, status, number


def within(ends: Mapping[str, Mapping[str, int]], now: datetime, span: timedelta) -> tuple[int, int]:
    """Count the unmanaged secrets and the certificates that end from today on, within *span*."""
    first, last = f"{now:%Y-%m-%d}", f"{now + span:%Y-%m-%d}"
    days = [found for day, found in ends.items() if first <= day <= last]
    return sum(map(unmanaged, days)), sum(map(certificates, days))
