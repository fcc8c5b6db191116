"""Lists over the index of lines: enrolled lines, and the latest rotation of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rotation.ledger.lines import IndexedLine
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.reading.strips import STRIP_STATES, Strip, strip
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationsAsked:
    """Which rotations; everything that is given must hold."""

    open: bool | None = None
    reason: str = ""
    """Stopped for this slug: the rotation itself, or one of its deliveries."""
    state: str = ""
    """The word of ux.md, `done` or `ended`."""
    since: datetime | None = None
    """Opened or moved since."""
    text: str = ""
    """A part of the application's name, or of the rotation's id."""
    urgent_first: bool = False
    """By the urgency of the state, then the latest move; else the latest move first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationList:
    """One page of rotations."""

    page: Paged[Strip]
    stopped: Mapping[str, int]
    """How many stopped for which reason, of all."""
    states: Mapping[str, int]
    """How many are in which state, of all, most urgent first; states of none are left out."""


async def rotations(
    services: Services, asked: RotationsAsked | None = None, *, limit: int = PAGE, cursor: str | None = None
) -> RotationList:
    """
    List the latest rotation of each line; earlier ones are on the page of their application.

    Raises:
        Misread: The cursor is none.
    """
    asked = asked or RotationsAsked()
    now = services.clock.now()
    entries = [entry async for entry in services.lines.all()]
    stopped = Counter(reason for entry in entries for reason in reasons_of(entry))
    found = [
        strip(entry, entry.progress, now)
        for entry in entries
        if entry.progress is not None and (not asked.reason or asked.reason in reasons_of(entry))
    ]
    key = _urgency if asked.urgent_first else _key
    wanted = sorted((each for each in found if _wanted(each, asked)), key=key, reverse=True)
    page = paged(wanted, key, limit=limit, cursor=cursor, down=True)
    states = Counter(each.state for each in found)
    return RotationList(
        page=page,
        stopped=dict(sorted(stopped.items())),
        states={word: states[word] for word in STRIP_STATES if states[word]},
    )


def reasons_of(entry: IndexedLine) -> frozenset[str]:
    """Name the reasons for which something of a line stopped."""
    places = {reason for _place, reason in entry.places_stopped}
    return frozenset({entry.stopped, entry.blocked, *places} - {""})


def _wanted(each: Strip, asked: RotationsAsked) -> bool:
    text = asked.text.casefold()
    is_open = each.state not in {"done", "ended"}
    return (
        asked.open in {None, is_open}
        and asked.state in {"", each.state}
        and (asked.since is None or _moved_at(each) >= asked.since)
        and (text in each.name.casefold() or text in each.rotation.casefold())
    )


def _moved_at(each: Strip) -> datetime:
    return max(each.opened_at, each.since or each.opened_at)


def _urgency(each: Strip) -> str:
    return f"{len(STRIP_STATES) - STRIP_STATES.index(each.state):02}|{_key(each)}"


def _key(each: Strip) -> str:
    return f"{_moved_at(each):%Y%m%dT%H%M%S%f}|{each.rotation}"
