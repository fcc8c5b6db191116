"""
When the host fires a timer: six-field NCRONTAB, `{second} {minute} {hour} {day} {month} {day of week}`, in UTC.

Read to tell a night that was missed from one that was never due, and to tell people when the next one is. A day must
satisfy both the day and the day-of-week field; Sunday is 0 (platform.md D2).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from rotation.domain.errors import Misread

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HORIZON_DAYS = 366
WANTED = "six fields, seconds first, such as 0 0 2 * * *"
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When something is due; made by `parse`."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read a schedule.

        Raises:
            Misread: It is none.
        """
        parts = text.split()
        if len(parts) != len(_BOUNDS):
            raise Misread("schedule", text, WANTED)
        try:
            fields = [_values(part, *bounds) for part, bounds in zip(parts, _BOUNDS, strict=True)]
        except ValueError:
            raise Misread("schedule", text, WANTED) from None
        second, minute, hour, day, month, weekday = fields
        return cls(seconds=second, minutes=minute, hours=hour, days=day, months=month, weekdays=weekday)

    def latest(self, until: datetime) -> datetime | None:
        """Give the last instant at or before *until* at which it was due; None: not within a year."""
        end = until.astimezone(UTC)
        for days_ago in range(HORIZON_DAYS + 1):
            day = end - timedelta(days=days_ago)
            if self._is_day(day) and (found := self._last_time(day, end)) is not None:
                return found
        return None

    def following(self, after: datetime) -> datetime | None:
        """Give the first instant after *after* at which it is due; None: not within a year."""
        begin = after.astimezone(UTC)
        for days_ahead in range(HORIZON_DAYS + 1):
            day = begin + timedelta(days=days_ahead)
            if self._is_day(day) and (found := self._first_time(day, begin)) is not None:
                return found
        return None

    def _is_day(self, day: datetime) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _last_time(self, day: datetime, end: datetime) -> datetime | None:
        for hour in reversed(self.hours):
            for minute in reversed(self.minutes):
                for second in reversed(self.seconds):
                    moment = day.replace(hour=hour, minute=minute, second=second, microsecond=0)
                    if moment <= end:
                        return moment
        return None

    def _first_time(self, day: datetime, begin: datetime) -> datetime | None:
        for hour in self.hours:
            for minute in self.minutes:
                for second in self.seconds:
                    moment = day.replace(hour=hour, minute=minute, second=second, microsecond=0)
                    if moment > begin:
                        return moment
        return None


def _values(text: str, low: int, high: int) -> tuple[int, ...]:
    """Give the values of one field: `*`, `a`, `a-b`, each with `/n`, or a list of these."""
    chosen: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        begin = low if span == "*" else _value(first, low)
        end = _value(last, low) if dash else high if span == "*" or slash else begin
        begin, end = min(begin, end), max(begin, end)
        if begin < low or end > high or (slash and int(step) < 1):
            raise ValueError(item)
        chosen.update(range(begin, end + 1, int(step) if slash else 1))
    return tuple(sorted(chosen))


def _value(text: str, low: int) -> int:
    if text.isascii() and text.isdecimal():
        return int(text)
    names = MONTHS if low else WEEKDAYS
    return names.index(text[:3].lower()) + low
