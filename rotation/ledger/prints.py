"""
What each week of `expiries` holds, as prints in one row: a quiet night reads thirty rows, not ten thousand (ADR 0031).

A week is **open** from before a pass changes one of its rows until a complete pass has written down what it holds then,
which **seals** it. Whoever dies in between, or writes a row beside the passes, leaves it open, and the next pass reads
the rows themselves.
"""

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import batched, count, takewhile

from rotation.domain.errors import StaleRecord
from rotation.ledger import keys
from rotation.ledger.codec import COLUMN_LIMIT
from rotation.ports.tables import TRANSACTION_LIMIT, Change, Delete, Insert, Query, Replace, Row, Tables, Upsert, Value

MOST = 40_000
"""Prints of a sealed week: 11 characters each, of which a row of 1 MiB holds half a million (platform.md E)."""
OPEN: Mapping[str, Value] = {"open": True}

type Prints = array[int]
"""64 bits each, in order: 8 bytes where a set takes a hundred."""


def in_order(prints: Iterable[int]) -> Prints:
    """Make what a week holds of its prints, each once."""
    return array("Q", sorted(set(prints)))


@dataclass(slots=True)
class WeekPrints:
    """The weeks of one group of kinds (table `control`, partition `prints|<kinds>`), as one pass read and left them."""

    tables: Tables
    kinds: str
    sealed: dict[str, Prints] = field(default_factory=dict)
    """What each sealed week held when it was sealed."""
    open: set[str] = field(default_factory=set)
    """Weeks whose rows must be read, and that are to be sealed."""
    _etags: dict[str, str] = field(default_factory=dict)
    """Of each week's row, as we read or wrote it last: one that somebody else has opened since is not sealed."""

    @classmethod
    async def read(cls, tables: Tables, kinds: str) -> "WeekPrints":
        """Read every week's row."""
        prints = cls(tables, kinds)
        async for row in tables.query(keys.CONTROL, Query(partition=keys.prints(kinds))):
            prints._etags[row.key] = row.etag
            held = _unpacked(row)
            if held is None:
                prints.open.add(row.key)
            else:
                prints.sealed[row.key] = held
        return prints

    async def reopen(self, weeks: Collection[str]) -> None:
        """Let nobody believe what is written down of these weeks; before the first of their rows is changed."""
        for some in batched(sorted(weeks), TRANSACTION_LIMIT, strict=False):
            try:
                self._etags |= await self._commit([self._change(week, OPEN) for week in some])
            except StaleRecord:  # somebody else was at one of them: we keep the etags that seal none of these
                await self._commit([Upsert(key=week, values=OPEN) for week in some])
        self.open.update(weeks)
        for week in weeks:
            self.sealed.pop(week, None)

    async def seal(self, week: str, prints: Prints) -> None:
        """
        Write down what the week holds, unless somebody has opened it since we read or opened it ourselves.

        One that holds more than a row can tell stays open, or becomes it.
        """
        told = _packed(prints) if len(prints) <= MOST else OPEN
        change = self._change(week, told) if prints else self._gone(week)
        with suppress(StaleRecord):
            await self._commit([change] if change else [])

    def _change(self, week: str, values: Mapping[str, Value]) -> Insert | Replace:
        etag = self._etags.get(week)
        return Insert(key=week, values=values) if etag is None else Replace(key=week, values=values, etag=etag)

    def _gone(self, week: str) -> Delete | None:
        etag = self._etags.get(week)
        return None if etag is None else Delete(key=week, etag=etag)

    async def _commit(self, changes: Sequence[Change]) -> Mapping[str, str]:
        return await self.tables.commit(keys.CONTROL, keys.prints(self.kinds), changes) if changes else {}


async def open_week(tables: Tables, kind: str, week: str) -> None:
    """Say that a row of the week was written beside the passes; after it, so that no pass seals the week without it."""
    await tables.commit(keys.CONTROL, keys.prints(kind), [Upsert(key=week, values=OPEN)])


def _packed(prints: Prints) -> Mapping[str, Value]:
    text = b64encode(_big_endian(prints)).decode()
    starts = range(0, len(text), COLUMN_LIMIT)
    return {f"prints_{part}": text[start : start + COLUMN_LIMIT] for part, start in enumerate(starts)}


def _unpacked(row: Row) -> Prints | None:
    """Read what a sealed week holds; what says nothing, or what we cannot read, is as an open one."""
    texts = takewhile(bool, (str(row.values.get(f"prints_{part}", "")) for part in count()))
    try:
        return _big_endian(array("Q", b64decode("".join(texts), validate=True))) or None
    except ValueError:
        return None


def _big_endian(prints: Prints) -> Prints:
    """Change between this machine's order of bytes and the one that is kept."""
    kept = prints[:]
    if sys.byteorder == "little":
        kept.byteswap()
    return kept
