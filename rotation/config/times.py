"""Read spans, hours, days, dates and time zones as a configuration writes them."""

import re
from datetime import date, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from rotation.config.faults import fault, shown
from rotation.config.problem import Wrong, nearest
from rotation.domain.window import Freeze

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = timedelta(days=36500)
DURATIONS = "a duration such as 180d, 26w, 12h"
FREEZES = "a date or two, such as 2026-12-20..2027-01-03"
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(\d{1,8})([wdhms])")
_LOOSE = re.compile(r"(\d{1,8})\s*([A-Za-z]*)")
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}")
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(\d{4}-\d{2}-\d{2}))?")


def duration(value: object, *, usual: str, zero: bool) -> timedelta:
    """Read `180d`, `26w`, `12h`, `30m` or `45s`."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if found := _DURATION.fullmatch(text):
        return _sensible(text, timedelta(**{_UNITS[found[2]]: 1}), int(found[1]), zero=zero)
    loose = _LOOSE.fullmatch(text)
    if loose and not loose[2]:
        raise fault(Wrong(what=f"'{text}' has no unit", allowed=DURATIONS, meant=f"{text}{usual}"))
    if loose:
        raise fault(Wrong(what=f"'{text}' has no unit that is known", allowed=DURATIONS, meant=_meant(loose)))
    raise fault(Wrong(what=f"{shown(value)} is not a duration", allowed=DURATIONS))


def _meant(loose: re.Match[str]) -> str:
    number, unit = int(loose[1]), loose[2].casefold()
    if unit.startswith("mo"):
        return f"{number * 30}d"
    if unit.startswith("y"):
        return f"{number * 365}d"
    return f"{number}{unit[0]}" if unit[0] in _UNITS else ""


def _sensible(text: str, unit: timedelta, count: int, *, zero: bool) -> timedelta:
    if count > LONGEST / unit:
        raise fault(Wrong(what=f"'{text}' is longer than a century", allowed=DURATIONS))
    if count == 0 and not zero:
        raise fault(Wrong(what=f"'{text}' is no time at all", allowed="a duration of more than zero"))
    return unit * count


@cache
def _zones() -> frozenset[str]:
    """Walk the time zone database once; it takes a while."""
    return frozenset(available_timezones())


def zone(value: object) -> ZoneInfo:
    zones = _zones()
    if isinstance(value, str) and value in zones:
        return ZoneInfo(value)
    allowed = "a name of the IANA time zone database, such as Europe/Amsterdam or UTC"
    meant = nearest(str(value), zones)
    raise fault(Wrong(what=f"{shown(value)} is not a time zone", allowed=allowed, meant=meant))


def weekday(value: object) -> int:
    if isinstance(value, str) and value in DAYS:
        return DAYS.index(value)
    short = str(value)[:3].casefold()
    meant = short if short in DAYS else ""
    raise fault(Wrong(what=f"{shown(value)} is not a day", allowed=", ".join(DAYS), meant=meant))


def hours(value: object) -> tuple[time, time]:
    if isinstance(value, str) and (found := _HOURS.fullmatch(value.strip())):
        opens, closes = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        return opens, closes
    allowed = 'two times of day such as "22:00-05:00"'
    raise fault(Wrong(what=f"{shown(value)} is not a span of hours", allowed=allowed))


def freeze(value: object) -> Freeze:
    """Read `2026-12-20..2027-01-03`, one date, or `{dates: ..., why: ...}`."""
    if isinstance(value, dict):
        return _told(value)
    if isinstance(value, str):
        return _dates(value, "")
    raise fault(Wrong(what=f"{shown(value)} is not a date", allowed=FREEZES))


def _told(value: dict[str, object]) -> Freeze:
    known = ("dates", "why")
    for key in value:
        if key not in known:
            raise fault(Wrong(what=f"unknown key '{key}'", allowed=", ".join(known), meant=nearest(key, known)))
    dates, why = value.get("dates"), value.get("why", "")
    if not isinstance(dates, str) or not isinstance(why, str):
        raise fault(Wrong(what="has no `dates` as text", allowed=f"dates ({FREEZES}), why"))
    return _dates(dates, why)


def _dates(text: str, why: str) -> Freeze:
    found = _DATES.fullmatch(text.strip())
    if not found:
        raise fault(Wrong(what=f"{shown(text)} is not a date", allowed=FREEZES))
    try:
        first, last = date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])
    except ValueError:
        raise fault(Wrong(what=f"{shown(text)} is not in the calendar", allowed=FREEZES)) from None
    if last < first:
        meant = f"{last.isoformat()}..{first.isoformat()}"
        raise fault(Wrong(what=f"{shown(text)} ends before it begins", allowed=FREEZES, meant=meant))
    return Freeze(first=first, last=last, why=why)


def rung(value: object) -> int:
    if value == "expired":
        return 0
    span = duration(value, usual="d", zero=False)
    if span % timedelta(days=1):
        raise fault(Wrong(what=f"{shown(value)} is not a number of days", allowed="whole days such as 30d, or expired"))
    return span.days
