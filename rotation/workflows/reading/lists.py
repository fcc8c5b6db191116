"""Lists over the index of lines: enrolled lines, and the latest rotation of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rotation.ledger.lines import IndexedLine
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.reading.strips import Strip, strip
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationList:
    """One page of rotations, the latest move first; and how many stopped for which reason, of all."""

    page: Paged[Strip]
    stopped: Mapping[str, int]


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
    wanted = sorted((each for each in found if _wanted(each, asked)), key=_key, reverse=True)
    page = paged(wanted, _key, limit=limit, cursor=cursor, down=True)
    return RotationList(page=page, stopped=dict(sorted(stopped.items())))


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


def _key(each: Strip) -> str:
    return f"{_moved_at(each):%Y%m%dT%H%M%S%f}|{each.rotation}"
