"""One compressed file a pass: the inventory, an application a line (protocol.md, Ledger)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


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

    def write(self, name: str) -> AbstractAsyncContextManager[SnapshotWriter]:
        """Begin the file of pass *name* (`secrets`, `certificates`, `service-principals`)."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """
        Give the lines of the last complete file of that pass.

        Raises:
            NotFound: No pass of that name was ever complete.
        """
        ...
