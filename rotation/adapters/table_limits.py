"""
Limits of Azure Table Storage that our own code keeps, because the emulator does not (platform.md E).

A breach is a bug of ours, hence ValueError and not one of the errors that name what to do next.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from rotation.ports.tables import TRANSACTION_LIMIT, Change, Delete, Value

COLUMNS = 252
TEXT = 32_768
KEY = 1_024
ENTITY_BYTES = 1_048_576
TRANSACTION_BYTES = 4_194_304
INT64 = 2**63

_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_SYSTEM = frozenset({"PartitionKey", "RowKey", "Timestamp"})
_OVERHEAD = 4
_NAME_OVERHEAD = 8


def check_key(key: str) -> None:
    """Raise ValueError for a partition or row key that the service would refuse."""
    if len(key) > KEY or _FORBIDDEN.search(key):
        raise ValueError(f"a key holds what the service refuses, or more than {KEY} characters: {key[:80]!r}")


def check_changes(partition: str, changes: Sequence[Change]) -> None:
    """Raise ValueError for a transaction that the service would refuse; an empty one is refused too."""
    if not 1 <= len(changes) <= TRANSACTION_LIMIT:
        raise ValueError(f"a transaction holds 1 to {TRANSACTION_LIMIT} changes, not {len(changes)}")
    if len({change.key for change in changes}) != len(changes):
        raise ValueError("a transaction changes each row once")
    check_key(partition)
    total = 0
    for change in changes:
        check_key(change.key)
        if not isinstance(change, Delete):
            total += entity_size(partition, change.key, change.values)
    if total > TRANSACTION_BYTES:
        raise ValueError(f"a transaction holds at most {TRANSACTION_BYTES} bytes, not {total}")


def entity_size(partition: str, key: str, values: Mapping[str, Value]) -> int:
    """Give the size in bytes as the service counts it; ValueError where a limit is passed."""
    if len(values) > COLUMNS:
        raise ValueError(f"{key}: a row holds at most {COLUMNS} columns, not {len(values)}")
    size = _OVERHEAD + 2 * (len(partition) + len(key)) + sum(_column(key, *column) for column in values.items())
    if size > ENTITY_BYTES:
        raise ValueError(f"{key}: a row holds at most {ENTITY_BYTES} bytes, not {size}")
    return size


def _column(key: str, name: str, value: Value) -> int:
    if name in _SYSTEM or not _COLUMN.fullmatch(name):
        raise ValueError(f"{key}: {name!r} is no name for a column")
    return _NAME_OVERHEAD + 2 * len(name) + _value(f"{key}: {name}", value)


def _value(where: str, value: Value) -> int:
    match value:
        case bool():
            return 1
        case int():
            if not -INT64 <= value < INT64:
                raise ValueError(f"{where} needs more than 64 bit")
            return 8
        case float():
            return 8
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"{where} is a datetime without a time zone")
            return 8
        case str():
            length = len(value.encode("utf-16-le")) // 2
            if length > TEXT:
                raise ValueError(f"{where} holds at most {TEXT} characters, not {length}")
            return 4 + 2 * length
        case _:
            raise ValueError(f"{where}: {type(value).__name__} cannot be stored")
