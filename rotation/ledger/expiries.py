"""The end dates that matter, by ISO week: the index for reminders, pages and calendar (table `expiries`)."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from operator import attrgetter

import msgspec

from rotation.domain.errors import NotFound
from rotation.domain.identifiers import KeyId, ObjectId
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ledger.prints import WeekPrints, open_week
from rotation.ports.tables import TRANSACTION_LIMIT, Change, Delete, Query, Row, Tables, Upsert, Value, prefix

ENDED_KEPT = timedelta(days=30)
ROWS_READ_EVERY = timedelta(days=7)
"""How long a pass believes what is written down of each week without reading the rows."""
ON_PRINCIPALS = frozenset({"saml-certificate", "service-principal-secret"})
"""Kinds whose `object_id` is that of a service principal."""


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
    registered_as: str = ""
    """Of what sits on a service principal: the object id of the application, where this tenant has it."""

    @property
    def registration(self) -> ObjectId | None:
        """Object id of the application that it belongs to; None where this tenant has none."""
        found = self.registered_as if self.kind in ON_PRINCIPALS else self.object_id if self.client_id else ""
        return ObjectId(found) if found else None

    @property
    def partition(self) -> str:
        """ISO week of the end."""
        return keys.week(self.end_at)

    @property
    def key(self) -> str:
        """Its row key."""
        return f"{self.object_id}|{self.key_id}"


CODEC: Codec[Expiry] = Codec(Expiry, version=None)
ENDS: Codec[Mapping[str, Mapping[str, int]]] = Codec(Mapping[str, Mapping[str, int]], version=None)
"""How many ends each day has, of each kind and status: pages draw them without reading every row."""


PRINT = "print"
"""Column with the kind and a short hash of the record: a night reads no more of a row than this."""
READ_AT = "read_at"
"""Column of the row that tells each day's ends; an older program, which keeps no prints, writes that row without it."""
_PARTS = attrgetter(*(each.name for each in fields(Expiry)))
_ENCODER = msgspec.msgpack.Encoder()


def _print_of(expiry: Expiry) -> int:
    return int.from_bytes(hashlib.blake2b(_ENCODER.encode(_PARTS(expiry)), digest_size=8).digest())


def _values(expiry: Expiry, known_by: int) -> dict[str, Value]:
    told = f"{expiry.kind} {known_by:016x}"
    columns: dict[str, Value] = {"end_at": expiry.end_at, "kind": expiry.kind, "status": expiry.status, PRINT: told}
    return {**CODEC.columns(expiry), **columns}


@dataclass(slots=True)
class ExpiryChanges:
    """
    What one pass changes, against what is there, in as few transactions as there are.

    `known` holds the prints of rows that were not met yet, by partition, and no keys: a long horizon stays small. The
    keys of a partition are read again where some are gone or changed. What is there is what the last complete pass
    wrote down of each week (`WeekPrints`); once a week the rows themselves are read, which mends what somebody did to
    the table by hand.
    """

    tables: Tables
    kinds: frozenset[str]
    prints: WeekPrints
    read_at: datetime
    """When the rows themselves were read last."""
    known: dict[str, set[int]] = field(default_factory=dict)
    _there: dict[str, frozenset[int]] = field(default_factory=dict)
    """What a partition held when the pass began."""
    _new: dict[str, set[int]] = field(default_factory=dict)
    _changed: dict[str, set[str]] = field(default_factory=dict)
    _pending: dict[str, dict[str, Change]] = field(default_factory=dict)
    """By key: an application that a page repeats, because it was changed meanwhile, is written as it was read last."""
    written: int = 0
    deleted: int = 0
    ends: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    """How many ends each day has of a kind and status, of those that this pass wants."""

    @classmethod
    async def begin(cls, tables: Tables, kinds: frozenset[str], *, now: datetime) -> "ExpiryChanges":
        """Read what earlier passes of these kinds have written."""
        group = _group(kinds)
        prints = await WeekPrints.read(tables, group)
        read_at = await _rows_read_at(tables, group, now)
        changes = cls(tables, kinds, prints, read_at=read_at or now)
        if read_at is None:
            changes._there = await changes._rows(Query(columns=(PRINT,)))
        else:
            changes._there = dict(prints.sealed)
            for week in sorted(prints.open):
                changes._there |= await changes._rows(Query(partition=week, columns=(PRINT,)))
        changes.known = {week: set(held) for week, held in changes._there.items()}
        return changes

    async def _rows(self, query: Query) -> dict[str, frozenset[int]]:
        found: dict[str, set[int]] = {}
        async for row in self.tables.query(keys.EXPIRIES, query):
            if (known_by := self._print(row)) is not None:
                found.setdefault(row.partition, set()).add(known_by)
        return {week: frozenset(held) for week, held in found.items()}

    def _print(self, row: Row) -> int | None:
        kind, _, digest = str(row.values.get(PRINT, "")).partition(" ")
        return int(digest, 16) if kind in self.kinds else None

    async def want(self, expiry: Expiry) -> None:
        """Say that this row should be there."""
        self.ends[expiry.end_at.date(), expiry.kind, expiry.status] += 1
        partition, known_by = expiry.partition, _print_of(expiry)
        if known_by in self._there.get(partition, ()):
            self.known[partition].discard(known_by)
            return
        if self.known.get(partition):
            self._changed.setdefault(partition, set()).add(expiry.key)
        self._new.setdefault(partition, set()).add(known_by)
        await self._add(partition, Upsert(key=expiry.key, values=_values(expiry, known_by)))
        self.written += 1

    async def _add(self, partition: str, change: Change) -> None:
        waiting = self._pending.setdefault(partition, {})
        waiting[change.key] = change
        if len(waiting) == TRANSACTION_LIMIT:
            await self.prints.reopen([partition])
            await self.tables.commit(keys.EXPIRIES, partition, [*waiting.values()])
            del self._pending[partition]

    async def finish(self, *, complete: bool) -> None:
        """Write what waits; only a complete pass may delete what it did not meet, and tell what is there now."""
        gone = [name for name, left in self.known.items() if left and complete]
        await self.prints.reopen({*gone, *self._pending})
        for partition in gone:
            await self._delete_gone(partition)
        for partition, waiting in self._pending.items():
            await self.tables.commit(keys.EXPIRIES, partition, [*waiting.values()])
        self._pending = {}
        if complete:
            await self._tell()

    async def _delete_gone(self, partition: str) -> None:
        """Find the keys of prints that were not met; what was only changed bears a new one by now, or soon."""
        changed = self._changed.get(partition, set())
        async for row in self.tables.query(keys.EXPIRIES, Query(partition=partition, columns=(PRINT,))):
            if self._print(row) in self.known[partition] and row.key not in changed:
                await self._add(partition, Delete(key=row.key))
                self.deleted += 1

    async def _tell(self) -> None:
        """Write down what each week holds, where that is not written there, and how many ends each day has."""
        for week in sorted({*self._there, *self._new, *self.prints.open, *self.prints.sealed}):
            held = (self._there.get(week, frozenset()) - self.known.get(week, set())) | self._new.get(week, set())
            if self.prints.sealed.get(week) != held:
                await self.prints.seal(week, held)
        days: dict[str, dict[str, int]] = {}
        for (day, kind, status), number in self.ends.items():
            days.setdefault(day.isoformat(), {})[f"{kind} {status}"] = number
        row = Upsert(key=keys.ends(_group(self.kinds)), values={**ENDS.columns(days), READ_AT: self.read_at})
        await self.tables.commit(keys.CONTROL, keys.CONTROL, [row])


async def _rows_read_at(tables: Tables, group: str, now: datetime) -> datetime | None:
    """Give when a pass read the rows themselves; None where that is too long ago, or never was."""
    told = await tables.get(keys.CONTROL, keys.CONTROL, keys.ends(group))
    read_at = told.values.get(READ_AT) if told else None
    return read_at if isinstance(read_at, datetime) and now - ROWS_READ_EVERY < read_at <= now else None


def _group(kinds: frozenset[str]) -> str:
    return "+".join(sorted(kinds))


async def all_expiries(tables: Tables) -> AsyncIterator[Expiry]:
    """Read every row."""
    async for row in tables.query(keys.EXPIRIES, Query()):
        yield CODEC.record(row.values)


async def find_expiry(tables: Tables, application: ObjectId, key_id: KeyId) -> Expiry:
    """
    Find one credential's row, in whatever week it ends.

    Raises:
        NotFound: It is in no row: it ends beyond the horizon, or is none of ours.
    """
    key = f"{application}|{key_id}"
    async for row in tables.query(keys.EXPIRIES, prefix(None, key)):
        return CODEC.record(row.values)
    raise NotFound(f"nobody is reminded of credential {key_id}", reason="no-such-expiry", key_id=key_id)


async def put(tables: Tables, expiry: Expiry) -> None:
    """Write one row now, as when a rotation has published; the next pass reads its week."""
    change = Upsert(key=expiry.key, values=_values(expiry, _print_of(expiry)))
    await tables.commit(keys.EXPIRIES, expiry.partition, [change])
    await open_week(tables, expiry.kind, expiry.partition)


def in_horizon(end_at: datetime, now: datetime, horizon: timedelta) -> bool:
    """Tell whether an end date matters: it comes within the horizon, or has passed not long ago."""
    return now - ENDED_KEPT <= end_at <= now + horizon


def counts(changes: ExpiryChanges) -> Mapping[str, int]:
    """Give what a pass changed."""
    return {"expiries_written": changes.written, "expiries_deleted": changes.deleted}
