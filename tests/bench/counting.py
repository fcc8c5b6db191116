"""
Count what is asked of the tables, by table and kind: each commit is one operation or transaction of the service.

And how many rows and how much of them came back, as characters: what the service wraps around them is not ours.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from math import ceil

from rotation.ports.snapshots import Snapshots
from rotation.ports.tables import Change, Query, Row, Tables

ROWS_A_READ = 1000
"""The service gives so many rows an answer (platform.md E)."""


class CountingTables:
    """The tables, and how often they were asked."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.asked: Counter[str] = Counter()
        self.rows = 0
        self.characters = 0

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        self.asked[f"{table} read"] += 1
        row = await self._tables.get(table, partition, key)
        if row is not None:
            self._read(row)
        return row

    def _read(self, row: Row) -> None:
        self.rows += 1
        self.characters += len(row.partition) + len(row.key) + sum(len(str(value)) for value in row.values.values())

    async def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        rows = 0
        async for row in self._tables.query(table, query):
            rows += 1
            self._read(row)
            yield row
        self.asked[f"{table} read"] += max(1, ceil(rows / ROWS_A_READ))

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        self.asked[f"{table} write"] += 1
        return await self._tables.commit(table, partition, changes)


class CountingSnapshots:
    """The inventory's file, and how much was read of it, unpacked; a page writes none."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self.bytes = 0
        self.write, self.stamp = snapshots.write, snapshots.stamp

    async def read(self, name: str) -> AsyncIterator[bytes]:
        async for line in self._snapshots.read(name):
            self.bytes += len(line) + 1
            yield line
