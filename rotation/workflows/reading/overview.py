"""
What is so now, in ten seconds: what is due, stopped, waits for people; brakes; the last night; what ends when.

One table query a panel, whatever the tenant's size: `lines`, `control`, `scans`, `notices`. Nothing is asked of the
directory or a vault, and no application's own rows are read.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.brakes import Breaker, Night, Pause, RampCount
from rotation.domain.policy import Configuration, Ramp
from rotation.ledger.control import Standing
from rotation.ledger.lines import IndexedLine
from rotation.workflows.reading.freshness import ScanState, scan_state
from rotation.workflows.reading.needs import Need, needs
from rotation.workflows.reading.states import STATES, state_of, waits
from rotation.workflows.reading.strips import Strip, moved_since
from rotation.workflows.reading.timeline import Week, timeline, within
from rotation.workflows.services import Services

SOON = timedelta(days=30)
A_NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The first line: how many need what."""

    blocked: int
    """Lines of which something stopped."""
    waiting: int
    """Hand-offs and approvals that wait for a person."""
    in_use: int
    """Rotations whose old secret was used after everybody should have switched."""
    expired: int
    """Lines whose current secret has ended."""
    due: int
    """Lines that the last scan found due and that are not open yet."""
    under_way: int
    ours_soon: int
    """Lines whose current secret ends within thirty days."""
    unmanaged_soon: int
    """Secrets that end within thirty days and that nobody rotates, as of the last complete passes."""
    certificates_soon: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """What holds, and how much of the night's limits is used up."""

    pause: Pause | None
    breaker: Breaker
    ramp: Ramp
    """The limits that hold now."""
    first_week: bool
    used: RampCount
    night: Night | None
    canary: str | None
    """`<object id>|<line>` of the line that tries each night out; None: none is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is so now."""

    at: datetime
    tenant: str
    lines: int
    states: Mapping[str, int]
    """How many lines bear each word of ux.md, most urgent first; words that none bears are left out."""
    counts: Counts
    needs: tuple[Need, ...]
    brakes: Brakes
    scan: ScanState
    night: tuple[Strip, ...]
    """Rotations that were opened or moved since the last night began, the latest move first."""
    timeline: tuple[Week, ...]
    given_up: int
    """Notices that reached nobody and are not tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the overview is made of, as of one look."""

    at: datetime
    lines: Sequence[IndexedLine]
    standing: Standing
    configuration: Configuration
    scan: ScanState
    given_up: int


async def overview(services: Services) -> Overview:
    """
    Tell what is so now.

    Raises:
        Misconfigured: The configuration cannot be read.
    """
    return overview_of(await look(services), tenant=services.tenant_id)


async def look(services: Services) -> Looked:
    """
    Read what the overview is made of.

    Raises:
        Misconfigured: The configuration cannot be read.
    """
    lines, standing, configuration, given_up = await asyncio.gather(
        _lines(services), services.control.standing(), services.configurations.current(), _given_up(services)
    )
    scan = await scan_state(services, standing)
    return Looked(
        at=services.clock.now(),
        lines=lines,
        standing=standing,
        configuration=configuration,
        scan=scan,
        given_up=given_up,
    )


def overview_of(seen: Looked, *, tenant: str) -> Overview:
    """Say what a look has shown."""
    lines, standing, now = seen.lines, seen.standing, seen.at
    counts = Counter(state_of(entry, now) for entry in lines)
    wanted = needs(lines, standing, seen.configuration, now=now)
    began = standing.night.began_at if standing.night else now - A_NIGHT
    return Overview(
        at=now,
        tenant=tenant,
        lines=len(lines),
        states={state: counts[state] for state in STATES if counts[state]},
        counts=_counts(lines, standing, wanted, now=now),
        needs=tuple(wanted),
        brakes=_brakes(standing, seen.configuration, now),
        scan=seen.scan,
        night=tuple(moved_since(lines, began, now)),
        timeline=timeline(lines, standing.ends, now),
        given_up=seen.given_up,
    )


async def _lines(services: Services) -> list[IndexedLine]:
    return [entry async for entry in services.lines.all()]


async def _given_up(services: Services) -> int:
    return len([key async for key in services.notices.given_up()])


def _counts(lines: Sequence[IndexedLine], standing: Standing, wanted: Sequence[Need], *, now: datetime) -> Counts:
    unmanaged_soon, certificates_soon = within(standing.ends, now, SOON)
    kinds = Counter(need.kind for need in wanted)
    night = standing.night.scan if standing.night else None
    return Counts(
        blocked=sum(1 for entry in lines if entry.blocked or entry.stopped or entry.places_stopped),
        waiting=kinds["hand-off"] + kinds["approval"] + kinds["delivery-approval"],
        in_use=kinds["still-in-use"],
        expired=kinds["expired"],
        due=sum(1 for entry in lines if entry.due_in and entry.due_in == night and not entry.open),
        under_way=sum(1 for entry in lines if entry.open and not waits(entry) and not entry.stopped),
        ours_soon=sum(1 for entry in lines if entry.end_at and now < entry.end_at <= now + SOON),
        unmanaged_soon=unmanaged_soon,
        certificates_soon=certificates_soon,
    )


def _brakes(standing: Standing, configuration: Configuration, now: datetime) -> Brakes:
    limits, first = configuration.limits, standing.beginning.first_enrolled_at
    canary = configuration.canary
    return Brakes(
        pause=standing.pause,
        breaker=standing.breaker,
        ramp=limits.at(now, first),
        first_week=first is None or now < first + limits.first_week_lasts,
        used=standing.ramp.of(standing.night.scan if standing.night else ""),
        night=standing.night,
        canary=f"{canary.application}|{canary.line}" if canary else None,
    )
