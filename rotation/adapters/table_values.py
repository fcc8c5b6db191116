"""Columns as Azure Table Storage keeps them: large integers and instants need a word, None has none (platform.md E)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from azure.data.tables import EdmType, EntityProperty, TableEntity

from rotation.ports.tables import Row, Value

INT32 = 2**31


def entity(partition: str, key: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """Make the service's entity; limits are checked elsewhere (`table_limits`)."""
    columns = {name: _stored(value) for name, value in values.items()}
    return {"PartitionKey": partition, "RowKey": key, **columns}


def row(found: TableEntity) -> Row:
    """Make our row from what the service answered."""
    keys = {"PartitionKey", "RowKey"}
    values = {name: _read(value) for name, value in found.items() if name not in keys and value is not None}
    etag = str(found.metadata.get("etag") or "")
    return Row(partition=found["PartitionKey"], key=found["RowKey"], values=values, etag=etag)


def _stored(value: Value) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and not -INT32 <= value < INT32:
        return EntityProperty(value, EdmType.INT64)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _read(value: Any) -> Value:
    if isinstance(value, EntityProperty):
        return int(value.value)
    if isinstance(value, datetime):
        return datetime.fromtimestamp(0, UTC) + (value.astimezone(UTC) - datetime.fromtimestamp(0, UTC))
    if isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a column of type {type(value).__name__} is none of ours")
