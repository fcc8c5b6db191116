"""Durable rows in Azure Table Storage (platform.md E)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from rotation.adapters.azure_errors import (
    CHANGED,
    CONFLICT,
    NOT_FOUND,
    answer,
    each,
    error_code,
    translated,
    translator,
)
from rotation.adapters.closing import Closing
from rotation.adapters.table_limits import check_changes, check_key
from rotation.adapters.table_values import entity, row
from rotation.domain.errors import NotFound, RotationError, StaleRecord
from rotation.ports.tables import Change, Delete, Insert, Query, Replace, Row, Upsert

STALE = frozenset({CHANGED, NOT_FOUND})
EXISTS = "EntityAlreadyExists"
"""Other conflicts are of tables that are being made or deleted."""
NO_TABLE = "TableNotFound"


class AzureTables(Closing):
    """All tables of one storage account; a table is made when it is first written to."""

    def __init__(self, client: TableServiceClient) -> None:
        self._client = client

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        check_key(partition)
        check_key(key)
        try:
            found = await answer(self._table(table).get_entity(partition, key), _reading(table))
        except NotFound:
            return None
        return row(found)

    async def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        text, parameters = _filter(query)
        select = ["PartitionKey", "RowKey", *query.columns] if query.columns else None
        found = self._table(table).query_entities(text, parameters=parameters, select=select)
        try:
            async for one in each(found, _reading(table)):
                yield row(one)
        except NotFound:
            return

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        check_changes(partition, changes)
        return await self._commit(self._table(table), partition, list(changes))

    async def _commit(self, table: TableClient, partition: str, changes: list[Change]) -> Mapping[str, str]:
        """Send the transaction; again without deletions whose rows are gone, and again once the table is made."""
        while changes:
            try:
                return await answer(_send(table, partition, changes), _writing(table.table_name, changes))
            except _Missing as missing:
                changes = [change for place, change in enumerate(changes) if place != missing.place]
            except _NoTable:
                await self._make(table)
        return {}

    async def _make(self, table: TableClient) -> None:
        async def make() -> None:
            try:
                await table.create_table()
            except ResourceExistsError:
                return

        await answer(make(), translator(f"make table {table.table_name}"))

    def _table(self, name: str) -> TableClient:
        return self._client.get_table_client(name)


class _Missing(RotationError):
    """An unconditional deletion met no row; the service then refuses the whole transaction."""

    def __init__(self, place: int) -> None:
        super().__init__("nothing to delete")
        self.place = place


class _NoTable(RotationError):
    """The table has not been made yet."""


async def _send(table: TableClient, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
    match changes:
        # Most changes are alone, and spared the multipart body. The SDK's own calls for one insertion or deletion
        # hide the service's code, or that nothing was there: those go as transactions of one.
        case [Upsert(key=key, values=values)]:
            told = await table.upsert_entity(entity(partition, key, values), mode=UpdateMode.REPLACE)
            return {key: str(told["etag"])}
        case [Replace(key=key, values=values, etag=etag)]:
            changed = entity(partition, key, values)
            told = await table.update_entity(changed, mode=UpdateMode.REPLACE, **_only_if(etag))
            return {key: str(told["etag"])}
    answers = await table.submit_transaction([_operation(partition, change) for change in changes])
    written = zip(changes, answers, strict=True)
    return {change.key: str(told["etag"]) for change, told in written if not isinstance(change, Delete)}


def _operation(partition: str, change: Change) -> tuple[str, dict[str, Any], dict[str, Any]]:
    match change:
        case Insert(key=key, values=values):
            return "create", entity(partition, key, values), {}
        case Upsert(key=key, values=values):
            return "upsert", entity(partition, key, values), {"mode": UpdateMode.REPLACE}
        case Replace(key=key, values=values, etag=etag):
            return "update", entity(partition, key, values), {"mode": UpdateMode.REPLACE, **_only_if(etag)}
        case Delete(key=key, etag=etag):
            return "delete", entity(partition, key, {}), _only_if(etag) if etag is not None else {}


def _only_if(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _filter(query: Query) -> tuple[str, dict[str, Any]]:
    parts: dict[str, tuple[str, Any]] = {
        "partition": ("PartitionKey eq @partition", query.partition),
        "since": ("PartitionKey ge @since", query.partitions[0] if query.partitions else None),
        "until": ("PartitionKey lt @until", query.partitions[1] if query.partitions else None),
        "first": ("RowKey ge @first", query.first),
        "before": ("RowKey lt @before", query.before),
    }
    if query.due is not None:
        column, at = query.due
        if not column.isidentifier():
            raise ValueError(f"{column!r} is no name for a column")
        parts["due"] = (f"{column} lt @due", at)
    asked = {name: value for name, (_, value) in parts.items() if value is not None}
    return " and ".join(parts[name][0] for name in asked), asked


def _reading(table: str) -> Callable[[AzureError], RotationError]:
    def translate(error: AzureError) -> RotationError:
        if isinstance(error, ResourceNotFoundError):
            return NotFound(f"{table}: not there")
        return translated(error, f"read {table}", table=table)

    return translate


def _is_stale(error: HttpResponseError) -> bool:
    return error.status_code in STALE or (error.status_code == CONFLICT and error_code(error) == EXISTS)


def _writing(table: str, changes: Sequence[Change]) -> Callable[[AzureError], RotationError]:
    def translate(error: AzureError) -> RotationError:
        if error_code(error) == NO_TABLE:
            return _NoTable(table)
        if not isinstance(error, HttpResponseError) or not _is_stale(error):
            return translated(error, f"write {table}", table=table)
        place = error.index if isinstance(error, TableTransactionError) else 0
        change = changes[place]
        if error.status_code == NOT_FOUND and isinstance(change, Delete) and change.etag is None:
            return _Missing(place)
        return StaleRecord(f"{table}: {type(change).__name__} met another etag", table=table, key=change.key)

    return translate
