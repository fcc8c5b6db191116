"""A ledger that ends with the process: rehearsals leave no row in the real one, and the app never meets theirs."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

from rotation.domain.errors import StaleRecord
from rotation.domain.policy import Configuration
from rotation.ports.tables import Change, Delete, Insert, Query, Replace, Row


class ScratchTables:
    """Tables in memory, with etags and transactions as Azure's."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Row] = {}
        self._etags = itertools.count(1)

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        return self._rows.get((table, partition, key))

    async def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        for place in sorted(place for place in self._rows if place[0] == table):
            row = self._rows.get(place)
            if row is not None and _asked(row, query):
                yield row

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        for change in changes:
            self._check(table, partition, change)
        etags = {}
        for change in changes:
            if isinstance(change, Delete):
                self._rows.pop((table, partition, change.key), None)
                continue
            etag = etags[change.key] = str(next(self._etags))
            values = dict(change.values)
            self._rows[table, partition, change.key] = Row(
                partition=partition, key=change.key, values=values, etag=etag
            )
        return etags

    def _check(self, table: str, partition: str, change: Change) -> None:
        there = self._rows.get((table, partition, change.key))
        match change:
            case Insert():
                stale = there is not None
            case Replace(etag=etag) | Delete(etag=str(etag)):
                stale = there is None or there.etag != etag
            case _:
                stale = False
        if stale:
            raise StaleRecord(f"row {change.key} of {table} is not as it was")


def _asked(row: Row, query: Query) -> bool:
    column, before = query.due or ("", None)
    value = row.values.get(column)
    return (
        (query.partition is None or row.partition == query.partition)
        and (query.first is None or row.key >= query.first)
        and (query.before is None or row.key < query.before)
        and (before is None or (isinstance(value, datetime) and value < before))
    )


class Unheard:
    """Queues that nobody reads: a rehearsal looks at its wakes itself."""

    async def send(self, queue: str, text: str, *, delay: timedelta = timedelta(0)) -> None:
        """Let it be: the wake says the same."""


class Fixed:
    """A configuration that stays as it is."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    async def current(self) -> Configuration:
        return self._configuration
