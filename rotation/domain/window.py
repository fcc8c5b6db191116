"""When mints, removals and restarts may happen."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When mints, removals and restarts may happen."""

    days: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    opens: time = time(0)
    closes: time = time(0)
    """Equal to `opens`: the whole day."""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def is_open(self, now: datetime) -> bool:
        """Tell whether *now* lies inside; a window over midnight belongs to the day on which it opens."""
        local = now.astimezone(self.zone)
        at = local.time()
        if self.opens == self.closes:
            return local.weekday() in self.days
        if self.opens < self.closes:
            return local.weekday() in self.days and self.opens <= at < self.closes
        yesterday = (local.weekday() - 1) % 7
        return (local.weekday() in self.days and at >= self.opens) or (yesterday in self.days and at < self.closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Dates on which nothing is minted or removed, both ends included, in UTC."""

    first: date
    last: date
    why: str = ""

    def holds(self, now: datetime) -> bool:
        """Tell whether *now* lies inside."""
        return self.first <= now.date() <= self.last
