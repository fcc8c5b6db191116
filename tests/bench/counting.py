"""Count what is asked of the tables, by table and kind: each commit is one operation or transaction of the service."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from math import ceil

from rotation.ports.tables import Change, Query, Row, Tables

ROWS_A_READ = 1000
"""The service gives so many rows an answer (platform.md E)."""


class CountingTables:
    """The tables, and how often they were asked."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.asked: Counter[str] = Counter()

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        self.asked[f"{table} read"] += 1
        return await self._tables.get(table, partition, key)

    async def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        rows = 0
        async for row in self._tables.query(table, query):
            rows += 1
            yield row
        self.asked[f"{table} read"] += max(1, ceil(rows / ROWS_A_READ))

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        self.asked[f"{table} write"] += 1
        return await self._tables.commit(table, partition, changes)
