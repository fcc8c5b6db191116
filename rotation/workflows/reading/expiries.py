"""End dates: what ends within the horizon, ended lately, or belongs to a line (table `expiries`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rotation.domain.credential import NEVER
from rotation.domain.errors import Misread
from rotation.ledger import keys
from rotation.ledger.expiries import CODEC, Expiry
from rotation.ports.tables import Query
from rotation.workflows.reading import links
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.reading.spans import says_of_end, state_of_end
from rotation.workflows.reading.timeline import CERTIFICATES, UNMANAGED
from rotation.workflows.services import Services

LAST_WEEK = "9999-W99"
"""Sorts after every week."""


class What(StrEnum):
    """Which credentials."""

    EVERYTHING = "everything"
    OURS = "ours"
    """Of a line."""
    UNMANAGED = "unmanaged"
    """Client secrets that nobody rotates."""
    CERTIFICATES = "certificates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for; everything that is given must hold."""

    what: What = What.EVERYTHING
    week: str = ""
    """One ISO week, `2026-W49`; else from `first` up to before `last`."""
    first: datetime | None = None
    last: datetime | None = None
    policy: str = ""
    audience: str = ""
    status: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryRow:
    """One end date."""

    object_id: str
    client_id: str
    key_id: str
    name: str
    credential: str
    kind: str
    end_at: datetime | None
    """None: it never ends."""
    status: str
    state: str
    says: str
    policy: str
    line: str
    audience: str
    link: str
    """Page of its application; empty where this tenant has none."""


async def expiries(
    services: Services, asked: Asked | None = None, *, limit: int = PAGE, cursor: str | None = None
) -> Paged[ExpiryRow]:
    """
    Give one page of end dates, the earliest first; one query, over the weeks that are asked for.

    Raises:
        Misread: The week or the cursor is none.
    """
    asked = asked or Asked()
    now = services.clock.now()
    found = [each async for each in of_weeks(services, asked) if _wanted(each, asked)]
    found.sort(key=_key)
    page = paged(found, _key, limit=limit, cursor=cursor)
    return Paged(rows=tuple(_row(each, now) for each in page.rows), found=page.found, following=page.following)


async def of_weeks(services: Services, asked: Asked) -> AsyncIterator[Expiry]:
    """Read the rows of the weeks that are asked for."""
    async for row in services.tables.query(keys.EXPIRIES, _query(asked)):
        yield CODEC.record(row.values)


def _query(asked: Asked) -> Query:
    if asked.week:
        try:
            datetime.strptime(f"{asked.week}-1", "%G-W%V-%u")  # noqa: DTZ007  # a week has no zone
        except ValueError:
            raise Misread("week", asked.week[:20], "an ISO week such as 2026-W49") from None
        return Query(partition=asked.week)
    first = keys.week(asked.first) if asked.first else ""
    last = keys.week(asked.last + timedelta(days=7)) if asked.last and asked.last < NEVER else LAST_WEEK
    return Query(partitions=(first, last))


def _wanted(expiry: Expiry, asked: Asked) -> bool:
    exact = {
        (asked.policy, expiry.policy),
        (asked.audience, expiry.audience),
        (asked.status, expiry.status),
        (asked.kind, expiry.kind),
    }
    within = (asked.first is None or expiry.end_at >= asked.first) and (
        asked.last is None or expiry.end_at < asked.last
    )
    return within and belongs(expiry, asked.what) and all(wanted in {"", has} for wanted, has in exact)


def belongs(expiry: Expiry, what: What) -> bool:
    """Tell whether it is one of these."""
    if what is What.OURS:
        return bool(expiry.line)
    if what is What.UNMANAGED:
        return expiry.kind not in CERTIFICATES and expiry.status in UNMANAGED
    return what is What.EVERYTHING or expiry.kind in CERTIFICATES


def _key(expiry: Expiry) -> str:
    return f"{expiry.end_at:%Y%m%dT%H%M%S%f}|{expiry.key}"


def _row(expiry: Expiry, now: datetime) -> ExpiryRow:
    return ExpiryRow(
        object_id=expiry.object_id,
        client_id=expiry.client_id,
        key_id=expiry.key_id,
        name=expiry.application,
        credential=expiry.credential_name,
        kind=expiry.kind,
        end_at=expiry.end_at if expiry.end_at < NEVER else None,
        status=expiry.status,
        state=state_of_end(expiry.status, expiry.end_at, now),
        says=says_of_end(expiry.status, expiry.end_at, now),
        policy=expiry.policy,
        line=expiry.line,
        audience=expiry.audience,
        link=links.application(expiry.registration) if expiry.registration else "",
    )
