"""Instants as Graph prints them: `Z`, and a fraction of 0 to 7 digits (platform.md A3)."""

from datetime import UTC, datetime, timedelta
from random import Random

_DAY = 86_400
_TICKS = 10_000_000
NEVER = ("2299-12-31T00:00:00Z", "2299-12-30T23:00:00Z", "2299-12-31T05:00:00.0000000Z")
"""What the old portal's choice "never" became, in the zone of whoever clicked it."""

_DIGIT_CHOICES = (0, 0, 0, 7, 7, 7, 7, 6, 6, 3, 3, 1, 2, 4, 5)


def graph_text(instant: datetime, *, ticks: int = 0, digits: int = 0) -> str:
    """
    Print *instant* as Graph does.

    Its fraction is replaced by *ticks*, tenths of microseconds up to 9,999,999, of
    which *digits* are shown; with 0 the point is left out too.
    """
    whole = instant.astimezone(UTC).isoformat()[:19]
    return f"{whole}.{ticks:07d}"[: 20 + digits if digits else 19] + "Z"


def parse_graph_text(text: str) -> datetime:
    """Read an instant in any of Graph's forms; ValueError when it is not one or has no zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return instant.astimezone(UTC)


def drawn_text(rng: Random, instant: datetime) -> str:
    """Print *instant* with one of the fractions that are found in real tenants."""
    digits = _DIGIT_CHOICES[int(rng.random() * len(_DIGIT_CHOICES))]
    return graph_text(instant, ticks=int(rng.random() * _TICKS), digits=digits)


def drawn_span(rng: Random, *, least: int, most: int) -> timedelta:
    """Draw a span between *least* and *most* days, in whole seconds."""
    return timedelta(seconds=int((least + rng.random() * (most - least)) * _DAY))
