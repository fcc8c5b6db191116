"""The real clock, and names from it."""

import time
from datetime import UTC, datetime

from ulid import StrictMonotonicPolicy, ULIDGenerator

NANOSECONDS = 1_000_000


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomUlids:
    """ULIDs; later ones of this process sort after earlier ones, also when the clock goes back."""

    def __init__(self) -> None:
        self._latest = 0
        self._generator = ULIDGenerator(clock=self._milliseconds, policy=StrictMonotonicPolicy())

    def make(self) -> str:
        return str(self._generator.generate())

    def _milliseconds(self) -> int:
        self._latest = max(self._latest, time.time_ns() // NANOSECONDS)
        return self._latest
