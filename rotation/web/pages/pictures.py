"""The picture of what ends when: geometry only, so that a page can draw it without a script or a style."""

from collections.abc import Sequence
from dataclasses import dataclass

from rotation.workflows.reading.timeline import Week

WIDTH, GROUND, HIGHEST = 920, 108, 98
"""In the picture's own units; it is drawn as wide as the page."""
FILLED = 0.72
"""Of a week's width."""
LEAST = 3.0
"""A single credential in a week of thousands is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One part of a bar."""

    what: str
    """`unmanaged`, `certificates` or `ours`, from the ground up."""
    top: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One week."""

    week: Week
    says: str
    slot_left: float
    slot_width: float
    left: float
    width: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All weeks on one scale."""

    bars: tuple[Bar, ...]
    most: int
    middle: str
    last: str


def draw(weeks: Sequence[Week]) -> Picture:
    """Give the boxes of *weeks*, the current one first."""
    most = max(_total(week) for week in weeks)
    bars = tuple(_bar(weeks, place, most) for place in range(len(weeks)))
    return Picture(bars=bars, most=most, middle=_named(weeks[len(weeks) // 2]), last=_named(weeks[-1]))


def _named(week: Week) -> str:
    return f"{week.begins.day} {week.begins:%b}"


def _total(week: Week) -> int:
    return week.ours + week.unmanaged + week.certificates


def _bar(weeks: Sequence[Week], place: int, most: int) -> Bar:
    week, slot = weeks[place], WIDTH / len(weeks)
    parts = {"unmanaged": week.unmanaged, "certificates": week.certificates, "ours": week.ours}
    told = f"{week.ours} rotated by Rotation, {week.unmanaged} by nobody, {week.certificates} certificates"
    return Bar(
        week=week,
        says=f"Week of {week.begins}: {told}",
        slot_left=round(place * slot, 1),
        slot_width=round(slot, 1),
        left=round(place * slot + slot * (1 - FILLED) / 2, 1),
        width=round(slot * FILLED, 1),
        boxes=tuple(_boxes(parts, most)),
    )


def _boxes(parts: dict[str, int], most: int) -> list[Box]:
    """Pile the parts up from the ground."""
    top, found = float(GROUND), []
    for what, count in parts.items():
        if count:
            height = round(max(count / most * HIGHEST, LEAST), 1)
            top = round(top - height, 1)
            found.append(Box(what=what, top=top, height=height))
    return found
