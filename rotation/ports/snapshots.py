"""One compressed file a pass: the inventory, an application a line (protocol.md, Ledger)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which file it is."""

    etag: str
    """Another one for each file that is put in place."""
    at: datetime
    """As of when it is: what its writer said."""


class SnapshotWriter(Protocol):
    """Takes lines as they come; memory does not grow with their number."""

    async def add(self, lines: bytes) -> None:
        """Append whole lines, each with its break at the end (ValueError otherwise); none is fine."""
        ...

    async def complete(self) -> int:
        """Put the file in place and give its size in bytes; without this call nothing is ever seen of it."""
        ...


class Snapshots(Protocol):
    """Raises everywhere: Unavailable, AccessDenied."""

    def write(self, name: str, *, at: datetime) -> AbstractAsyncContextManager[SnapshotWriter]:
        """Begin the file of pass *name* (`secrets`, `owners`, `certificates`, `service-principals`), as of *at*."""
        ...

    async def stamp(self, name: str) -> Stamp:
        """
        Tell which file is in place; costs next to nothing.

        Raises:
            NotFound: No pass of that name was ever complete.
        """
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """
        Give the lines of the last complete file of that pass.

        Raises:
            NotFound: No pass of that name was ever complete.
        """
        ...
