"""The end dates that matter, by ISO week: the index for reminders, pages and calendar (table `expiries`)."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rotation.domain.identifiers import KeyId
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ports.tables import TRANSACTION_LIMIT, Change, Delete, Query, Tables, Upsert

ENDED_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One credential's end."""

    object_id: str
    client_id: str
    key_id: KeyId
    application: str
    kind: str
    """`secret`, `certificate`, `saml-certificate` or `service-principal-secret`."""
    end_at: datetime
    credential_name: str = ""
    policy: str = ""
    line: str = ""
    audience: str = ""
    status: str = ""
    """`monitored`, `current`, `predecessor`, `foreign`, `stray` or `ignored`."""

    @property
    def partition(self) -> str:
        """ISO week of the end."""
        return keys.week(self.end_at)

    @property
    def key(self) -> str:
        """Its row key."""
        return f"{self.object_id}|{self.key_id}"


CODEC: Codec[Expiry] = Codec(Expiry)


def _print_of(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


@dataclass(slots=True)
class ExpiryChanges:
    """
    What one pass changes, against what is there, in as few transactions as there are.

    `known` holds eight bytes a row, not the row: a horizon of tens of thousands of rows stays small.
    """

    tables: Tables
    kinds: frozenset[str]
    known: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _pending: dict[str, list[Change]] = field(default_factory=dict)
    written: int = 0
    deleted: int = 0

    @classmethod
    async def begin(cls, tables: Tables, kinds: frozenset[str]) -> "ExpiryChanges":
        """Read what earlier passes of these kinds have written."""
        changes = cls(tables, kinds)
        async for row in tables.query(keys.EXPIRIES, Query()):
            if row.values.get("kind") in kinds:
                changes.known[row.partition, row.key] = _print_of(str(row.values["state"]))
        return changes

    async def want(self, expiry: Expiry) -> None:
        """Say that this row should be there."""
        columns = CODEC.columns(expiry)
        place = (expiry.partition, expiry.key)
        if self.known.pop(place, None) == _print_of(str(columns["state"])):
            return
        values = {**columns, "end_at": expiry.end_at, "kind": expiry.kind, "status": expiry.status}
        await self._add(expiry.partition, Upsert(key=expiry.key, values=values))
        self.written += 1

    async def _add(self, partition: str, change: Change) -> None:
        waiting = self._pending.setdefault(partition, [])
        waiting.append(change)
        if len(waiting) == TRANSACTION_LIMIT:
            await self.tables.commit(keys.EXPIRIES, partition, waiting)
            del self._pending[partition]

    async def finish(self, *, complete: bool) -> None:
        """Write what waits; only a complete pass may delete what it did not meet."""
        if complete:
            for partition, key in self.known:
                await self._add(partition, Delete(key=key))
                self.deleted += 1
        for partition, waiting in self._pending.items():
            await self.tables.commit(keys.EXPIRIES, partition, waiting)
        self._pending = {}


async def all_expiries(tables: Tables) -> AsyncIterator[Expiry]:
    """Read every row."""
    async for row in tables.query(keys.EXPIRIES, Query()):
        yield CODEC.record(row.values)


async def put(tables: Tables, expiry: Expiry) -> None:
    """Write one row now, as when a rotation has published."""
    values = {**CODEC.columns(expiry), "end_at": expiry.end_at, "kind": expiry.kind, "status": expiry.status}
    await tables.commit(keys.EXPIRIES, expiry.partition, [Upsert(key=expiry.key, values=values)])


def in_horizon(end_at: datetime, now: datetime, horizon: timedelta) -> bool:
    """Tell whether an end date matters: it comes within the horizon, or has passed not long ago."""
    return now - ENDED_KEPT <= end_at <= now + horizon


def counts(changes: ExpiryChanges) -> Mapping[str, int]:
    """Give what a pass changed."""
    return {"expiries_written": changes.written, "expiries_deleted": changes.deleted}
