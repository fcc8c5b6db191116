"""Durable rows in a dictionary, as strict as Azure Table Storage and without its kindness to sloppy types."""

import asyncio
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rotation.adapters.table_limits import check_changes, check_key
from rotation.domain.errors import StaleRecord
from rotation.ports.tables import Change, Delete, Insert, Query, Replace, Row, Upsert, Value
from tests.fakes.mishaps import Mishaps

type _Rows = dict[tuple[str, str], Row]


class MemoryTables:
    """
    All tables of one storage account.

    Crueller than the real thing: every call gives way to other tasks; a query reads again between pages of
    `page_size` rows, so it sees half of what happens meanwhile; and `mishaps` (method names `get`, `query`,
    `commit`) lose a commit's answer after its effect (LOST_AFTER) or let the SDK ask twice (REPEATED), so that
    StaleRecord is the answer to our own change.
    """

    def __init__(self, *, page_size: int = 50) -> None:
        self.mishaps = Mishaps()
        self.commits: list[tuple[str, str, tuple[Change, ...]]] = []
        """Every commit that took effect."""
        self._page_size = page_size
        self._tables: dict[str, _Rows] = {}
        self._in_order: dict[str, list[tuple[str, str]]] = {}
        """Places of a table's rows, where they were not changed since they were last sorted."""
        self._etags = itertools.count(1)

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        async def act() -> Row | None:
            check_key(partition)
            check_key(key)
            return self._rows(table).get((partition, key))

        return await self.mishaps.around("get", act)

    async def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        await self.mishaps.around("query", _nothing)
        after: tuple[str, str] | None = None
        while page := self._page(table, query, after):
            for row in page:
                yield row
            after = (page[-1].partition, page[-1].key)
            await asyncio.sleep(0)

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        async def act() -> Mapping[str, str]:
            check_changes(partition, changes)
            return self._apply(table, partition, changes)

        return await self.mishaps.around("commit", act)

    def all_rows(self, table: str) -> list[Row]:
        """Give every row of *table* now, in order, for a test to look at."""
        rows = self._rows(table)
        return [rows[place] for place in self._places(table)]

    def live(self, table: str, partition: str, prefix: str) -> list[Row]:
        """Give the rows of one partition whose keys begin so, in no order, for a test to look at."""
        return [row for (of, key), row in self._rows(table).items() if of == partition and key.startswith(prefix)]

    def now(self, table: str, partition: str, key: str) -> Row | None:
        """Give one row, for a test to look at."""
        return self._rows(table).get((partition, key))

    def names(self) -> list[str]:
        """Give the tables that hold or held something."""
        return sorted(self._tables)

    def _rows(self, table: str) -> _Rows:
        return self._tables.setdefault(table, {})

    def _places(self, table: str) -> list[tuple[str, str]]:
        rows, known = self._rows(table), self._in_order.get(table)
        if known is None or len(known) != len(rows):
            known = self._in_order[table] = sorted(rows)
        return known

    def _page(self, table: str, query: Query, after: tuple[str, str] | None) -> list[Row]:
        places, rows = self._places(table), self._rows(table)
        begin = 0 if query.partition is None else bisect_left(places, (query.partition, query.first or ""))
        end = len(places) if query.partition is None else bisect_left(places, (f"{query.partition}\0", ""))
        if after is not None:
            begin = max(begin, bisect_right(places, after))
        found = (rows[place] for place in itertools.islice(places, begin, end))
        return list(itertools.islice(_matching(found, query), self._page_size))

    def _apply(self, table: str, partition: str, changes: Sequence[Change]) -> dict[str, str]:
        rows = self._rows(table)
        for change in changes:
            _refuse_stale(rows.get((partition, change.key)), change)
        self.commits.append((table, partition, tuple(changes)))
        etags: dict[str, str] = {}
        for change in changes:
            place = (partition, change.key)
            if isinstance(change, Delete) or place not in rows:
                self._in_order.pop(table, None)
            if isinstance(change, Delete):
                rows.pop(place, None)
                continue
            etags[change.key] = f'W/"{next(self._etags)}"'
            values = {name: _stored(value) for name, value in change.values.items()}
            rows[place] = Row(partition=partition, key=change.key, values=values, etag=etags[change.key])
        return etags


async def _nothing() -> None:
    return None


def _stored(value: Value) -> Value:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _refuse_stale(row: Row | None, change: Change) -> None:
    match change:
        case Insert():
            stale = row is not None
        case Replace(etag=etag):
            stale = row is None or row.etag != etag
        case Delete(etag=str(etag)):
            stale = row is None or row.etag != etag
        case Upsert() | Delete():
            stale = False
    if stale:
        raise StaleRecord(f"{type(change).__name__} of {change.key} met another etag", key=change.key)


def _matching(rows: Iterator[Row], query: Query) -> Iterator[Row]:
    for row in rows:
        if query.partition not in {None, row.partition}:
            continue
        if query.partitions is not None and not query.partitions[0] <= row.partition < query.partitions[1]:
            continue
        if (query.first is not None and row.key < query.first) or (
            query.before is not None and row.key >= query.before
        ):
            continue
        if query.due is not None and not _due(row, query.due):
            continue
        yield _narrowed(row, query.columns)


def _due(row: Row, due: tuple[str, datetime]) -> bool:
    value = row.values.get(due[0])
    return isinstance(value, datetime) and value < due[1]


def _narrowed(row: Row, columns: Sequence[str]) -> Row:
    if not columns:
        return row
    values = {name: value for name, value in row.values.items() if name in columns}
    return Row(partition=row.partition, key=row.key, values=values, etag=row.etag)
