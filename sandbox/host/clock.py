"""The clock of this process, which can be moved: app, worker and timers all see the moved time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import time_machine


class ProcessClock:
    """
    Shift this process's wall clock by an offset to real UTC; it keeps ticking.

    Monotonic time is left alone, so sleeps and the event loop are not disturbed.
    """

    def __init__(self, offset_seconds: float = 0) -> None:
        self.offset_seconds = offset_seconds
        self.moves = 0
        self.watchers: list[Callable[[], None]] = []
        self._traveller = time_machine.travel(time.time() + offset_seconds, tick=True).start()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def set_offset(self, seconds: float) -> None:
        """Move the clock to real UTC plus `seconds` and tell the watchers."""
        self._traveller.shift(float(seconds - self.offset_seconds))
        self.offset_seconds = seconds
        self.moves += 1
        for tell in self.watchers:
            tell()
