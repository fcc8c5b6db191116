"""What people were told and what they want to be silent for now (table `reminders`), a partition a month of ends."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from rotation.domain.errors import StaleRecord
from rotation.domain.identifiers import AudienceName
from rotation.domain.reminder import month
from rotation.ledger import keys
from rotation.ports.tables import TRANSACTION_LIMIT, Change, Insert, Query, Tables, Upsert, Value

type Claim = tuple[str, str]
"""Partition and key of a row that says that something was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What some months have."""

    claims: frozenset[Claim] = frozenset()
    snoozes: Mapping[Claim, datetime] = field(default_factory=dict)
    """Until when, by the row that says so."""
    firsts: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """When a subject was first told of, by month and subject."""

    def snoozed_until(self, subject: str, audience: AudienceName, end_at: datetime) -> datetime | None:
        """Tell until when an audience wants to hear nothing of a subject; also when that is over."""
        return self.snoozes.get((month(end_at), _snooze(subject, audience)))

    def first_told(self, subject: str, end_at: datetime) -> datetime | None:
        """Tell when people first heard of a subject."""
        return self.firsts.get((month(end_at), subject))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """A wish for silence."""

    subject: str
    audience: AudienceName
    end_at: datetime
    until: datetime
    by: str


class Reminders:
    """The rows of table `reminders`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def told(self, months: Collection[str]) -> Told:
        """Read what was told before, a month at a time: a digest has far more reminders than months."""
        claims: set[Claim] = set()
        snoozes: dict[Claim, datetime] = {}
        firsts: dict[tuple[str, str], datetime] = {}
        columns = ("until", "claimed_at")
        for partition in sorted(months):
            async for row in self._tables.query(keys.REMINDERS, Query(partition=partition, columns=columns)):
                place = (row.partition, row.key)
                match row.values:
                    case {"until": datetime() as until}:
                        snoozes[place] = until
                    case {"claimed_at": datetime() as at}:
                        claims.add(place)
                        subject = (partition, row.key.partition("|")[0])
                        firsts[subject] = min(at, firsts.get(subject, at))
        return Told(claims=frozenset(claims), snoozes=snoozes, firsts=firsts)

    async def claim(self, claims: Iterable[Claim], *, notice: str, now: datetime) -> None:
        """Note that these are told by *notice*; who was faster with one of them keeps it."""
        by_month: dict[str, list[str]] = {}
        for partition, key in dict.fromkeys(claims):
            by_month.setdefault(partition, []).append(key)
        values: dict[str, Value] = {"claimed_at": now, "claimed_by": notice}
        for partition, some in by_month.items():
            for batch in batched(some, TRANSACTION_LIMIT, strict=False):
                await self._claim(partition, [Insert(key=key, values=values) for key in batch])

    async def _claim(self, partition: str, rows: list[Insert]) -> None:
        try:
            await self._tables.commit(keys.REMINDERS, partition, rows)
        except StaleRecord:
            for row in rows if len(rows) > 1 else ():
                await self._claim(partition, [row])

    async def snooze(self, wish: Snooze, *, nonce: str, now: datetime) -> bool:
        """
        Write a wish, and with it that its link is used up; False where that was so before.

        Both in one transaction: a link is never used up without its effect.
        """
        values: dict[str, Value] = {"until": wish.until, "by": wish.by, "at": now}
        changes: list[Change] = [
            Insert(key=_used(wish.subject, nonce), values={"claimed_at": now, "claimed_by": wish.by}),
            Upsert(key=_snooze(wish.subject, wish.audience), values=values),
        ]
        try:
            await self._tables.commit(keys.REMINDERS, month(wish.end_at), changes)
        except StaleRecord:
            return False
        return True

    async def silent_until(self, subject: str, audience: AudienceName, end_at: datetime) -> datetime | None:
        """Read until when an audience wants to hear nothing of a subject; also when that is over."""
        row = await self._tables.get(keys.REMINDERS, month(end_at), _snooze(subject, audience))
        until = row.values["until"] if row else None
        return until if isinstance(until, datetime) else None

    async def used(self, subject: str, nonce: str, end_at: datetime) -> bool:
        """Tell whether a link was used up."""
        return await self._tables.get(keys.REMINDERS, month(end_at), _used(subject, nonce)) is not None


def _used(subject: str, nonce: str) -> str:
    return f"{subject}|used|{nonce}"


def _snooze(subject: str, audience: AudienceName) -> str:
    return f"{subject}|snooze|{audience}"
