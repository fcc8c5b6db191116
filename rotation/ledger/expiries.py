"""The end dates that matter, by ISO week: the index for reminders, pages and calendar (table `expiries`)."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from operator import attrgetter

from rotation.domain.identifiers import KeyId
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ports.tables import TRANSACTION_LIMIT, Change, Delete, Query, Tables, Upsert, Value

ENDED_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """One credential's end."""

    object_id: str
    client_id: str
    key_id: KeyId
    application: str
    kind: str
    """`secret`, `certificate`, `saml-certificate`, `service-principal-secret` or `connection-secret`."""
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


PRINT = "print"
"""Column with the kind and a short hash of the record: a night reads no more of a row than this."""
_PARTS = attrgetter(*(each.name for each in fields(Expiry)))


def _print_of(expiry: Expiry) -> str:
    parts = "\0".join(map(str, _PARTS(expiry)))
    return f"{expiry.kind} {hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()}"


def _values(expiry: Expiry, known_by: str) -> dict[str, Value]:
    columns: dict[str, Value] = {"end_at": expiry.end_at, "kind": expiry.kind, "status": expiry.status, PRINT: known_by}
    return {**CODEC.columns(expiry), **columns}


@dataclass(slots=True)
class ExpiryChanges:
    """
    What one pass changes, against what is there, in as few transactions as there are.

    `known` holds each row's print, not the row: a horizon of tens of thousands of rows stays small.
    """

    tables: Tables
    kinds: frozenset[str]
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    _pending: dict[str, list[Change]] = field(default_factory=dict)
    written: int = 0
    deleted: int = 0

    @classmethod
    async def begin(cls, tables: Tables, kinds: frozenset[str]) -> "ExpiryChanges":
        """Read what earlier passes of these kinds have written."""
        changes = cls(tables, kinds)
        async for row in tables.query(keys.EXPIRIES, Query(columns=(PRINT,))):
            found = str(row.values.get(PRINT, ""))
            if found.partition(" ")[0] in kinds:
                changes.known[row.partition, row.key] = found
        return changes

    async def want(self, expiry: Expiry) -> None:
        """Say that this row should be there."""
        partition, key, known_by = expiry.partition, expiry.key, _print_of(expiry)
        if self.known.pop((partition, key), None) == known_by:
            return
        await self._add(partition, Upsert(key=key, values=_values(expiry, known_by)))
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
    change = Upsert(key=expiry.key, values=_values(expiry, _print_of(expiry)))
    await tables.commit(keys.EXPIRIES, expiry.partition, [change])


def in_horizon(end_at: datetime, now: datetime, horizon: timedelta) -> bool:
    """Tell whether an end date matters: it comes within the horizon, or has passed not long ago."""
    return now - ENDED_KEPT <= end_at <= now + horizon


def counts(changes: ExpiryChanges) -> Mapping[str, int]:
    """Give what a pass changed."""
    return {"expiries_written": changes.written, "expiries_deleted": changes.deleted}
