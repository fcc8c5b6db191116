"""
The lease on a thing that several destinations write whole, and who waits for it (protocol.md, Leases).

Who finds it held writes its name into that very row, so the holder's etag changes under it while the lease stays its
own: token and number in the row tell the two apart.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from rotation.domain.errors import StaleRecord
from rotation.ledger.fence import CLOCK_MARGIN, Fence, Place
from rotation.ports.tables import Change, Replace, Row, Tables, Value

WAITING_LIMIT = 20
"""Names in one row; who comes later has its own wake and nothing else."""
ROUNDS = WAITING_LIMIT + 1
"""Each name that is written while we write costs one round."""
_WAITING = "waiting"


class Turn(Fence):
    """A lease that we hold, whose row others may write their names into meanwhile."""

    _waiting: tuple[str, ...] = ()
    _leaving = False

    async def hand_on(self, now: datetime) -> tuple[str, ...]:
        """Let go, and give those who wait; nobody where we lost it already, for its new holder has the list."""
        self._leaving = True
        try:
            await self._write([], now=now, first=False, ends_at=now - CLOCK_MARGIN)
        except StaleRecord:
            return ()
        return self._waiting

    def _meet(self, row: Row, now: datetime) -> None:
        super()._meet(row, now)
        self._know(row)

    def _know(self, row: Row) -> None:
        self._etag, self._waiting = row.etag, _names(row.values)
        self.payload = {}

    async def _write(
        self, changes: Sequence[Change], *, now: datetime, first: bool, ends_at: datetime | None = None
    ) -> Mapping[str, str]:
        for _round in range(ROUNDS):
            try:
                return await super()._write(changes, now=now, first=first, ends_at=ends_at)
            except StaleRecord:
                row = await self._tables.get(self._place.table, self._place.partition, self._place.key)
                if row is None or not self._is_ours(row):
                    raise
                self._know(row)
        raise StaleRecord(f"{self._place.key} changed {ROUNDS} times while it was written", row=self._place.key)

    def _is_ours(self, row: Row) -> bool:
        """Tell whether only names were added: nobody but its holder raises the number."""
        return row.values.get("token") == self._claim.token and row.values.get("number") == self._number

    def _columns(self, until: datetime) -> dict[str, Value]:
        kept: dict[str, Value] = {} if self._leaving else {_WAITING: json.dumps(self._waiting)}
        return {**super()._columns(until), **kept}


async def wait(tables: Tables, place: Place, name: str, *, now: datetime) -> bool:
    """Write *name* into the list of those who wait; False: nobody holds it any more, so take it."""
    for _round in range(ROUNDS):
        row = await tables.get(place.table, place.partition, place.key)
        ends_at = row.values.get("expires_at") if row else None
        if row is None or not isinstance(ends_at, datetime) or ends_at <= now:
            return False
        waiting = _names(row.values)
        if name in waiting or len(waiting) >= WAITING_LIMIT:
            return True
        values = {**row.values, _WAITING: json.dumps([*waiting, name])}
        try:
            await tables.commit(place.table, place.partition, [Replace(key=place.key, values=values, etag=row.etag)])
        except StaleRecord:
            continue
        return True
    return True


def _names(values: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(json.loads(str(values.get(_WAITING) or "[]")))
