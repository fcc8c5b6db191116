"""
How fast one process writes to the directory, learned from what that answers (platform.md A6).

Nobody tells us the quota, and other processes write under the same one. What is told, from four fifths on, is the share
of it that is used. A process that wrote w times within the window when the share was s keeps to 0.95 w / s a window:
all see the same share, so together they come to 0.95 of the quota, however many they are and whoever else writes.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

WINDOW = timedelta(seconds=150)
"""Over which the directory counts what an app writes in a tenant."""
PERSONAL_WINDOW = timedelta(minutes=1)
PERSONAL_BUDGET = 30.0
"""Half of the 60 requests a minute for applications with personal accounts (platform.md A3): two processes' worth."""
AIM = 0.95
EASE = 1.2
"""By how much more is tried after half a window without a word of pressure."""
SPREAD = 0.7
"""How even places lie: 0 lets all of a window's writes come at once, 1 puts them at equal distances."""
MARGIN = 0.01
"""Of a window: by so much later than needed, for what takes its place does not arrive as evenly as it was booked."""
UNTOLD = 0.1
"""Of a window: how long nothing is written after a refusal that names no wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """When to write; not `booked`: too many wait, and it asks again then, for places further off would go stale."""

    at: datetime
    booked: bool = True


class Pace:
    """The writes of one process in one lane. Without a word of pressure it holds nobody back."""

    def __init__(self, window: timedelta = WINDOW, *, budget: float | None = None) -> None:
        self._window = window
        self._first = self._budget = budget
        self._booked: deque[datetime] = deque()
        self._written: deque[datetime] = deque()
        self._closed_until: datetime | None = None
        self._set_at: datetime | None = None

    def book(self, now: datetime, *, lot: float) -> Place:
        """Take the next place; *lot*, from 0 to 1, spreads those who must ask again."""
        at = self._next(now)
        if at > now + self._window:
            return Place(at=now + self._window * (0.4 + 0.6 * lot), booked=False)
        self._booked.append(at)
        return Place(at=at)

    def closed(self, now: datetime) -> bool:
        """Tell whether the directory has asked us not to write now: a place that was booked before holds no longer."""
        return self._closed_until is not None and now < self._closed_until

    def wrote(self, now: datetime, share: float | None) -> None:
        """Note a write that was taken, and the share of the quota that was used by then, where it was told."""
        self._written.append(now)
        if share:
            self._keep_to(self._count(now) * AIM / share, now)
        elif self._budget is not None and now - (self._set_at or now) >= self._window / 2:
            self._ease(self._budget, now)

    def refused(self, now: datetime, wait: timedelta | None) -> None:
        """Note a write that was refused for the quota: whoever used it, all of it is used."""
        until = now + (wait or self._window * UNTOLD)
        self._closed_until = max(until, self._closed_until or until)
        self._keep_to(self._count(now) * AIM, now)

    def _next(self, now: datetime) -> datetime:
        _forget(self._booked, now - self._window * (1 + MARGIN))
        at = max(now, self._closed_until or now)
        if self._budget is None or not self._booked:
            return at
        at = max(at, self._booked[-1] + self._window * SPREAD / self._budget)
        places = ceil(self._budget)
        if len(self._booked) >= places:
            at = max(at, self._booked[-places] + self._window * (1 + MARGIN))
        return at

    def _count(self, now: datetime) -> int:
        _forget(self._written, now - self._window)
        return len(self._written)

    def _keep_to(self, budget: float, now: datetime) -> None:
        self._budget, self._set_at = max(1.0, budget), now

    def _ease(self, budget: float, now: datetime) -> None:
        """Try more; where we do not come near it, nothing holds us any more but what did at first."""
        idle = self._count(now) < budget / 2
        self._budget, self._set_at = (self._first if idle else budget * EASE), now


class Paces:
    """The lanes of one process: applications with personal accounts are slow, and hold nobody else back."""

    def __init__(self, window: timedelta = WINDOW) -> None:
        self._usual = Pace(window)
        self._personal = Pace(PERSONAL_WINDOW, budget=PERSONAL_BUDGET)

    def of(self, *, personal: bool) -> Pace:
        """Give the lane of an application."""
        return self._personal if personal else self._usual


def _forget(instants: deque[datetime], before: datetime) -> None:
    while instants and instants[0] <= before:
        instants.popleft()
