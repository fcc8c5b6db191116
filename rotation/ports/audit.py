"""One place that takes lines of history and lets nobody, ourselves included, change or shorten what it holds."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Protocol


class AuditTrail(Protocol):
    """Raises everywhere: Unavailable, AccessDenied."""

    async def append(self, day: date, lines: Sequence[bytes]) -> None:
        """
        Add lines, without line breaks in them, to the file of *day*, which is made when it is first added to.

        An append whose answer was lost may have gone through, and is made again: at least once, in this order.
        """
        ...

    def read(self, since: date, until: date = date.max) -> AsyncIterator[bytes]:
        """Give the lines of the files from *since* to *until*, both with it, in the order in which they were added."""
        ...
