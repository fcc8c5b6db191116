"""Time and names, both from outside."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of instants in the program."""

    def now(self) -> datetime:
        """Give the aware UTC instant."""
        ...


class Ulids(Protocol):
    """The only source of new identifiers."""

    def make(self) -> str:
        """Give a new ULID; later ones sort after earlier ones of the same process."""
        ...
