"""
Durable rows with etags, changed together within one partition (Azure Table Storage).

Limits of the service that our own code keeps (platform.md E): an entity 1 MiB and 252 columns, a text column 32,768
characters, a transaction 100 entities; None cannot be stored.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

type Value = str | int | bool | float | datetime

TRANSACTION_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored row."""

    partition: str
    key: str
    values: Mapping[str, Value]
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """It must not exist yet."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """It must exist with this etag."""

    key: str
    values: Mapping[str, Value]
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsert:
    """Whatever is there is replaced."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """With an etag it must match; without one a missing row is fine."""

    key: str
    etag: str | None = None


type Change = Insert | Replace | Upsert | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Rows of one partition (or all), with keys in `[first, before)`, and `column < at` where `due` is given."""

    partition: str | None = None
    partitions: tuple[str, str] | None = None
    """Partitions in `[first, before)`: a part of a table whose partitions sort by time."""
    first: str | None = None
    before: str | None = None
    due: tuple[str, datetime] | None = None
    columns: Sequence[str] = field(default_factory=tuple)
    """Only these, where given."""


def prefix(partition: str | None, text: str) -> Query:
    """Ask for the rows whose keys begin with *text*."""
    return Query(partition=partition, first=text, before=text[:-1] + chr(ord(text[-1]) + 1))


class Tables(Protocol):
    """Raises everywhere: Throttled, Unavailable, AccessDenied."""

    async def get(self, table: str, partition: str, key: str) -> Row | None:
        """Read one row."""
        ...

    def query(self, table: str, query: Query) -> AsyncIterator[Row]:
        """Read rows, ordered by partition and key."""
        ...

    async def commit(self, table: str, partition: str, changes: Sequence[Change]) -> Mapping[str, str]:
        """
        Make all changes of one partition, or none; at most 100, each of another key.

        A change may have gone through although this raises Unavailable, and StaleRecord may be the answer to our
        own repeated request: who must know reads the row again (protocol.md, Leases).

        Returns:
            The new etag of each key that was written.

        Raises:
            StaleRecord: An insert met a row, or an etag did not match, or a row to replace is gone.
        """
        ...
