"""The end dates that matter, by ISO week: the index for reminders, pages and calendar (table `expiries`)."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from itertools import compress
from operator import attrgetter

import msgspec

from rotation.domain.errors import NotFound
from rotation.domain.identifiers import KeyId, ObjectId
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ledger.prints import Prints, WeekPrints, in_order, open_week
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
class _Week:
    """What a week held when the pass began, and which of it was met."""

    there: Prints
    met: bytearray

    @classmethod
    def of(cls, there: Prints) -> "_Week":
        return cls(there, bytearray(len(there)))

    def meet(self, known_by: int) -> bool:
        """Tell whether it is there; it is met now."""
        place = bisect_left(self.there, known_by)
        if place == len(self.there) or self.there[place] != known_by:
            return False
        self.met[place] = 1
        return True

    def left(self) -> set[int]:
        """Give what was not met."""
        return {known_by for known_by, met in zip(self.there, self.met, strict=True) if not met}

    def held(self, new: set[int]) -> Prints:
        """Give what it holds when what was not met is gone and *new* has come."""
        return in_order(new.union(compress(self.there, self.met))) if new or 0 in self.met else self.there


_NOTHING: Prints = in_order(())


@dataclass(slots=True)
class ExpiryChanges:
    """
    What one pass changes, against what is there, in as few transactions as there are.

    What is there is what the last complete pass wrote down of each week (`WeekPrints`); once in seven days the rows
    themselves are read, which mends what somebody did to the table by hand. Prints alone are kept, no keys: a long
    horizon stays small. The keys of a week are read where some of its rows are gone or changed.
    """

    tables: Tables
    kinds: frozenset[str]
    prints: WeekPrints
    read_at: datetime
    """When the rows themselves were read last."""
    _weeks: dict[str, _Week] = field(default_factory=dict)
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
            there = await changes._rows(Query(columns=(PRINT,)))
        else:
            there = dict(prints.sealed)
            for week in sorted(prints.open):
                there |= await changes._rows(Query(partition=week, columns=(PRINT,)))
        changes._weeks = {week: _Week.of(held) for week, held in there.items()}
        return changes

    async def _rows(self, query: Query) -> dict[str, Prints]:
        found: dict[str, list[int]] = {}
        async for row in self.tables.query(keys.EXPIRIES, query):
            if (known_by := self._print(row)) is not None:
                found.setdefault(row.partition, []).append(known_by)
        return {week: in_order(held) for week, held in found.items()}

    def _print(self, row: Row) -> int | None:
        kind, _, digest = str(row.values.get(PRINT, "")).partition(" ")
        return int(digest, 16) if kind in self.kinds else None

    async def want(self, expiry: Expiry) -> None:
        """Say that this row should be there."""
        self.ends[expiry.end_at.date(), expiry.kind, expiry.status] += 1
        partition, known_by = expiry.partition, _print_of(expiry)
        week = self._weeks.get(partition)
        if week is not None and week.meet(known_by):
            return
        if week is not None:
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
        gone = [name for name, week in self._weeks.items() if complete and 0 in week.met]
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
        changed, left = self._changed.get(partition, set()), self._weeks[partition].left()
        async for row in self.tables.query(keys.EXPIRIES, Query(partition=partition, columns=(PRINT,))):
            if self._print(row) in left and row.key not in changed:
                await self._add(partition, Delete(key=row.key))
                self.deleted += 1

    async def _tell(self) -> None:
        """Write down what each week holds, where that is not written there, and how many ends each day has."""
        for name in sorted({*self._weeks, *self._new, *self.prints.open, *self.prints.sealed}):
            week = self._weeks.get(name) or _Week.of(_NOTHING)
            held = week.held(self._new.get(name, set()))
            if self.prints.sealed.get(name) != held:
                await self.prints.seal(name, held)
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
