"""Time that moves when told, and names made from it."""

from datetime import UTC, datetime, timedelta

from ulid import ULID

from rotation.ports.clock import Clock

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday, at the hour of the nightly scan."""


class MovableClock:
    """Stand still until told. Crueller than a real clock: two events may bear the same instant, to the microsecond."""

    def __init__(self, at: datetime = START) -> None:
        self._now = at

    def now(self) -> datetime:
        return self._now

    def advance(self, span: timedelta) -> datetime:
        """Move on by *span* and give the new instant."""
        self._now += span
        return self._now

    def set(self, at: datetime) -> None:
        """Move to *at*, backwards too: instances' clocks differ."""
        self._now = at


class SequentialUlids:
    """
    Valid ULIDs: the clock's milliseconds and a counter, so a test's names are the same each time.

    Crueller than the real ones: their random part is small and alike, so code that cuts or compares only part of
    them mixes them up. Later ones sort after earlier ones even when the clock goes back.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or MovableClock()
        self._count = 0
        self._latest = 0

    def make(self) -> str:
        self._count += 1
        self._latest = max(self._latest, int(self._clock.now().timestamp() * 1000))
        return str(ULID.from_bytes(self._latest.to_bytes(6) + self._count.to_bytes(10)))
