"""
Six-field NCRONTAB schedules, `{second} {minute} {hour} {day} {month} {day of week}`, as Azure reads them.

A field is `*`, a value, a range `a-b` (given backwards, the ends are swapped), each with an optional step `/n`, or a
list of these; `a/n` runs to the field's end. Months and days of the week may be names or the beginnings of names;
Sunday is 0 and 7 is refused. A day must satisfy both the day and the day-of-week field (platform.md D2).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
# Leap days meet a given weekday at most 40 years apart (across a century without one).
_HORIZON_DAYS = 366 * 41


class ScheduleError(ValueError):
    """Say which part of a schedule cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def parse(self, text: str) -> tuple[int, ...]:
        chosen = {value for item in text.split(",") for value in self._item(item)}
        return tuple(sorted(chosen))

    def _item(self, item: str) -> range:
        span, slash, step_text = item.partition("/")
        step = self._number(step_text) if slash else 1
        first, last = self._span(span, open_ended=bool(slash))
        return range(first, last + 1, max(step, 1))

    def _span(self, span: str, *, open_ended: bool) -> tuple[int, int]:
        if span == "*":
            return self.low, self.high
        start, dash, end = span.partition("-")
        if dash:
            first, last = sorted((self._value(start), self._value(end)))
            return first, last
        return self._value(start), self.high if open_ended else self._value(start)

    def _value(self, text: str) -> int:
        value = self._number(text) if text.isdecimal() else self._named(text)
        if not self.low <= value <= self.high:
            raise ScheduleError(f"{value} is outside {self.low}-{self.high} in the {self.name} field")
        return value

    def _named(self, text: str) -> int:
        for position, name in enumerate(self.names):
            if text and name.lower().startswith(text.lower()):
                return position + self.low
        raise ScheduleError(f"'{text}' is not a value of the {self.name} field")

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal()):
            raise ScheduleError(f"'{text}' is not a number in the {self.name} field")
        return int(text)


_FIELDS = (
    _Field(name="second", low=0, high=59),
    _Field(name="minute", low=0, high=59),
    _Field(name="hour", low=0, high=23),
    _Field(name="day", low=1, high=31),
    _Field(name="month", low=1, high=12, names=_MONTHS),
    _Field(name="day of week", low=0, high=6, names=_WEEKDAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Know when a timer is due; build it with `parse`."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read a six-field expression; raise ScheduleError naming what is wrong."""
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise ScheduleError(f"'{text}' has {len(parts)} fields instead of {len(_FIELDS)}")
        second, minute, hour, day, month, weekday = (
            field.parse(part) for field, part in zip(_FIELDS, parts, strict=True)
        )
        return cls(text=text, seconds=second, minutes=minute, hours=hour, days=day, months=month, weekdays=weekday)

    def next_after(self, instant: datetime) -> datetime:
        """Return the first occurrence strictly after `instant`, in UTC; ScheduleError when there is none."""
        start = instant.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for days_on in range(_HORIZON_DAYS):
            day = (start + timedelta(days=days_on)).replace(hour=0, minute=0, second=0)
            if not self._is_day(day):
                continue
            found = self._first_time(day, start if days_on == 0 else day)
            if found is not None:
                return found
        raise ScheduleError(f"'{self.text}' never occurs")

    def fires_more_than_once_a_minute(self) -> bool:
        """Tell whether the schedule is too fast to be monitored; Azure then turns useMonitor off."""
        return len(self.seconds) > 1

    def _is_day(self, day: datetime) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _first_time(self, day: datetime, earliest: datetime) -> datetime | None:
        for hour in self.hours:
            if hour < earliest.hour:
                continue
            for minute in self.minutes:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in self.seconds:
                    moment = day.replace(hour=hour, minute=minute, second=second)
                    if moment >= earliest:
                        return moment
        return None
