"""Where secrets go: how many lines are delivered there and how that stands, and what each place holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.delivery import Level
from rotation.domain.errors import NewerVersion, NotFound
from rotation.domain.holding import Holding
from rotation.domain.identifiers import DestinationName, LineId
from rotation.domain.policy import Configuration
from rotation.ledger import application as ledger
from rotation.ledger.lines import IndexedLine
from rotation.workflows.checking import DestinationView, describe
from rotation.workflows.reading import links
from rotation.workflows.reading.advice import destinations_of
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.reading.rotation import LEVELS
from rotation.workflows.services import Services

AT_ONCE = 16
"""Applications that are read at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRow:
    """One configured destination."""

    view: DestinationView
    lines: int
    """Enrolled lines that are delivered there."""
    stopped: int
    waiting: int
    """Of them, how many wait for a person there."""
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldThere:
    """What a destination holds of one line, as far as we know."""

    application: str
    name: str
    line: str
    delivery: str
    """Phase of the latest rotation's delivery there; empty: none is planned, or nobody must act."""
    key_id: str | None
    current: bool
    """It is the line's current secret."""
    end_at: datetime | None
    verified_at: datetime | None
    level: str
    """How sure that is, in words."""
    pinned: str
    """An operator's word that it goes back to an older version; empty: none was given."""
    unseen_since: datetime | None
    """Since when it cannot be looked at again."""
    link: str


async def destinations(services: Services) -> Sequence[DestinationRow]:
    """List the configured destinations, in the order of the configuration; one query, none of them is asked."""
    configuration = await services.configurations.current()
    entries = [entry async for entry in services.lines.all()]
    rows = []
    for view in await describe(services):
        users = [entry for entry in entries if view.name in destinations_of(entry, configuration)]
        rows.append(
            DestinationRow(
                view=view,
                lines=len(users),
                stopped=sum(1 for each in users if _phase(each, view.name) == "blocked"),
                waiting=sum(1 for each in users if _phase(each, view.name).startswith("awaiting-")),
                link=links.destination(view.name),
            )
        )
    return rows


def _phase(entry: IndexedLine, name: DestinationName) -> str:
    places = entry.progress.places if entry.progress and entry.open else ()
    return next((place.phase for place in places if place.destination == name), "")


async def held_at(
    services: Services, name: DestinationName, *, limit: int = PAGE, cursor: str | None = None
) -> Paged[HeldThere]:
    """
    Tell what a destination holds of each line; reads the applications of the lines on this page, and no others.

    Raises:
        NotFound: No destination is called so (`no-such-destination`).
        Misread: The cursor is none.
    """
    configuration = await services.configurations.current()
    if name not in configuration.destinations:
        raise NotFound(f"no destination is called {name}", reason="no-such-destination", destination=name)
    entries = sorted(await _users(services, configuration, name), key=_key)
    page = paged(entries, _key, limit=limit, cursor=cursor)
    gate = asyncio.Semaphore(AT_ONCE)
    rows = await asyncio.gather(*(_held(services, entry, name, gate=gate) for entry in page.rows))
    return Paged(rows=tuple(rows), found=page.found, following=page.following)


async def _users(services: Services, configuration: Configuration, name: DestinationName) -> list[IndexedLine]:
    return [entry async for entry in services.lines.all() if name in destinations_of(entry, configuration)]


def _key(entry: IndexedLine) -> str:
    return f"{entry.display_name.casefold()}|{entry.id}"


async def _held(services: Services, entry: IndexedLine, name: DestinationName, *, gate: asyncio.Semaphore) -> HeldThere:
    async with gate:
        try:
            holding = await ledger.holding(services.tables, entry.id, name)
        except NewerVersion as error:
            return replace(_row(entry, name, None), level=error.reason)
    return _row(entry, name, holding)


def _row(entry: IndexedLine, name: DestinationName, holding: Holding | None) -> HeldThere:
    level = holding.level if holding else None
    pin = holding.pinned if holding else None
    return HeldThere(
        application=entry.id.application,
        name=entry.display_name,
        line=entry.id.name,
        delivery=_phase(entry, name),
        key_id=holding.key_id if holding else None,
        current=holding is not None and holding.key_id is not None and holding.key_id == entry.current,
        end_at=holding.end_at if holding else None,
        verified_at=holding.verified_at if holding else None,
        level=LEVELS[Level(level)] if level is not None else "",
        pinned=f"pinned by {pin.by}: {pin.why}" if pin and pin.over == entry.current else "",
        unseen_since=holding.unseen_since if holding else None,
        link=links.line(LineId(entry.id.application, entry.id.name)),
    )
