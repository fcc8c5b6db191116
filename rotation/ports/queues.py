"""Nudges. A message is never the truth: the ledger is, and a lost nudge costs a minute."""

from datetime import timedelta
from typing import Protocol


class Queues(Protocol):
    """Raises everywhere: Unavailable, AccessDenied."""

    async def send(self, queue: str, text: str, *, delay: timedelta = timedelta(0)) -> None:
        """Send a message; visible after *delay*, of seconds only (longer waits live in wakes)."""
        ...
