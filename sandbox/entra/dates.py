"""Instants as Graph writes and reads them: RFC 3339 with zero to seven digits of fraction."""

import re
from datetime import UTC, datetime, timedelta

_SHAPE = re.compile(
    r"^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?\s*(Z|z|[+-]\d\d:?\d\d)?)?$",
)


def parse(text: str) -> datetime:
    """Give the aware instant, cut to microseconds; no zone means UTC; ValueError if it is none."""
    shape = _SHAPE.match(text.strip())
    if shape is None:
        raise ValueError(f"not an instant: {text!r}")
    day, clock, fraction, zone = shape.groups()
    offset = "+00:00" if zone in {None, "Z", "z"} else zone
    base = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{offset}")
    return (base + timedelta(microseconds=int((fraction or "").ljust(6, "0")[:6]))).astimezone(UTC)


def normal(text: str) -> str:
    """Give the same instant in UTC with Z, its fraction kept up to seven digits, no zeros at the end."""
    instant = parse(text)
    shape = _SHAPE.match(text.strip())
    fraction = (shape.group(3) or "" if shape else "")[:7].rstrip("0")
    return instant.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def wire(instant: datetime, *, digits: int = 7) -> str:
    """Give an instant of ours as Graph writes one; seven digits of fraction unless told fewer."""
    whole = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{instant.microsecond:06d}1"[:digits]
    return f"{whole}.{fraction}Z" if digits else f"{whole}Z"
