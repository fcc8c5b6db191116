"""
A time-limited claim, fenced by an etag (protocol.md, Leases).

Every transaction of a holder carries the leased row with If-Match and a number that it raises, so that a worker which
wakes up after its lease has ended cannot write; after a doubtful answer the row itself says whether ours went through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from rotation.domain.errors import LeaseHeld, StaleRecord, Unavailable
from rotation.ports.tables import Change, Insert, Replace, Row, Tables, Value

EFFECT_TIMEOUT = timedelta(seconds=60)
"""The longest that any call of ours outside takes before it gives up."""
CLOCK_MARGIN = timedelta(seconds=30)
"""By how much the clocks of two instances may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The row that is leased."""

    table: str
    partition: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who claims, under which token, and for how long."""

    owner: str
    token: str
    length: timedelta


class Fence:
    """A lease that we hold. `payload` is what else the leased row says."""

    def __init__(self, tables: Tables, place: Place, claim: Claim) -> None:
        self._tables = tables
        self._place = place
        self._claim = claim
        self._number = 0
        self._etag = ""
        self.payload: Mapping[str, Value] = {}
        self.ends_at: datetime

    @classmethod
    async def take(cls, tables: Tables, place: Place, *, claim: Claim, now: datetime) -> Self:
        """
        Take the lease.

        Raises:
            LeaseHeld: Somebody holds it, until the instant in the error.
        """
        fence = cls(tables, place, claim)
        row = await tables.get(place.table, place.partition, place.key)
        if row is not None:
            fence._meet(row, now)
        await fence._write([], now=now, first=row is None)
        return fence

    def _meet(self, row: Row, now: datetime) -> None:
        ends_at = row.values.get("expires_at")
        if isinstance(ends_at, datetime) and ends_at > now and row.values.get("token") != self._claim.token:
            why = f"{row.values.get('owner')} works on it, until {ends_at:%H:%M:%S} UTC at the latest"
            raise LeaseHeld(why, until=ends_at, row=self._place.key)
        self._number = int(row.values.get("number", 0))  # type: ignore[arg-type]  # written by us as a number
        self._etag = row.etag
        self.payload = {name: value for name, value in row.values.items() if name not in _OWN}

    async def commit(
        self, changes: Sequence[Change], *, now: datetime, payload: Mapping[str, Value] | None = None
    ) -> Mapping[str, str]:
        """
        Write *changes* with the leased row, all or nothing, and hold the lease for its whole length again.

        Returns:
            The new etags; empty where the answer was lost and only the row itself said that it went through.

        Raises:
            StaleRecord: We no longer hold it, or a change met another etag: nothing was written.
        """
        if payload is not None:
            self.payload = payload
        return await self._write(changes, now=now, first=False)

    async def ready(self, now: datetime) -> None:
        """Make sure that more of the lease is left than one effect can take, before the effect starts."""
        needed = min(EFFECT_TIMEOUT + CLOCK_MARGIN, self._claim.length * 3 / 4)
        if self.ends_at - now < needed:
            await self._write([], now=now, first=False)

    async def release(self, now: datetime) -> None:
        """
        Let go, so that the next worker need not wait, even one whose clock is behind ours.

        A lease that we lost already is not ours to release.
        """
        try:
            await self._write([], now=now, first=False, ends_at=now - CLOCK_MARGIN)
        except StaleRecord:
            return

    async def _write(
        self, changes: Sequence[Change], *, now: datetime, first: bool, ends_at: datetime | None = None
    ) -> Mapping[str, str]:
        until = ends_at or now + self._claim.length
        values = self._columns(until)
        key = self._place.key
        own = Insert(key=key, values=values) if first else Replace(key=key, values=values, etag=self._etag)
        try:
            etags = await self._tables.commit(self._place.table, self._place.partition, [own, *changes])
            self._etag = etags[key]
        except (StaleRecord, Unavailable) as doubt:
            etags = {}
            self._etag = await self._settle(doubt)
        self._number += 1
        self.ends_at = until
        return etags

    async def _settle(self, doubt: StaleRecord | Unavailable) -> str:
        row = await self._tables.get(self._place.table, self._place.partition, self._place.key)
        ours = row is not None and row.values.get("token") == self._claim.token
        if row is not None and ours and row.values.get("number") == self._number + 1:
            return row.etag
        raise doubt

    def _columns(self, until: datetime) -> dict[str, Value]:
        return {
            **self.payload,
            "owner": self._claim.owner,
            "token": self._claim.token,
            "number": self._number + 1,
            "expires_at": until,
        }


_OWN = frozenset({"owner", "token", "number", "expires_at"})
