"""`/`: what is so now, and what needs somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rotation.web.exchange import Request, Response
from rotation.web.pages import pictures
from rotation.web.pages.rendering import href, render
from rotation.web.pages.words import counted
from rotation.workflows.reading.overview import Overview
from rotation.workflows.reading.overview import overview as read_overview
from rotation.workflows.services import Services

SHOWN = 12
"""Needs on the first page; the rest are one click away."""
STRIPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """Something about the whole that comes before everything else."""

    state: str
    title: str
    says: str
    at: datetime | None = None
    link: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One number, and the list behind it."""

    state: str
    count: int
    says: str
    link: str


async def overview(services: Services, request: Request) -> Response:
    """Tell in ten seconds what is so now."""
    seen = await read_overview(services)
    return render(
        services,
        request,
        "overview.html",
        seen=seen,
        headline=_headline(seen),
        banners=tuple(_banners(seen)),
        tallies=_tallies(seen),
        picture=pictures.draw(seen.timeline),
        needs=seen.needs[:SHOWN],
        more=len(seen.needs) - SHOWN,
        strips=seen.night[:STRIPS],
        more_strips=len(seen.night) - STRIPS,
    )


async def needs(services: Services, request: Request) -> Response:
    """List everything that needs somebody."""
    seen = await read_overview(services)
    return render(services, request, "needs.html", seen=seen)


def _headline(seen: Overview) -> str:
    if seen.needs:
        many = len(seen.needs) > 1
        return f"{counted(len(seen.needs), 'thing')} {'need' if many else 'needs'} somebody"
    return "Nothing needs you" if seen.lines else "Rotation watches"


def _banners(seen: Overview) -> Iterator[Banner]:
    """Tell first what makes the rest of the page untrue, or stops everything."""
    scan, brakes = seen.scan, seen.brakes
    if scan.problem:
        says = f"{scan.problem}. What follows is as of" if scan.stale_since else f"{scan.problem}."
        yield Banner(
            state="blocked",
            title="The picture is stale.",
            says=says,
            at=scan.stale_since,
            link=href("scans"),
            act="Scans",
        )
    if brakes.breaker.open_reason is not None:
        says = f"Too many rotations stopped for one reason ({brakes.breaker.open_reason}): nothing is opened or removed"
        yield Banner(
            state="blocked",
            title="The circuit breaker is open.",
            says=f"{says}, since",
            at=brakes.breaker.opened_at,
            link=href("acts", "resume"),
            act="Close it",
        )
    if brakes.pause is not None:
        says = f"{brakes.pause.by} says: {brakes.pause.reason}. Reminders go on. Since"
        yield Banner(
            state="waiting",
            title="Paused.",
            says=says,
            at=brakes.pause.since,
            link=href("acts", "resume"),
            act="Resume",
        )
    if seen.given_up:
        says = f"{counted(seen.given_up, 'notice')} could not be sent by any channel, and nobody was told."
        yield Banner(
            state="waiting", title="Some people were not told.", says=says, link=href("settings"), act="Channels"
        )


def _tallies(seen: Overview) -> tuple[Tally, ...]:
    counts = seen.counts
    told = (
        Tally(state="blocked", count=counts.blocked, says="stopped", link=href("rotations", state="blocked")),
        Tally(state="waiting", count=counts.waiting, says="wait for people", link=href("hand-offs")),
        Tally(
            state="overlapping",
            count=counts.in_use,
            says="old secrets still in use",
            link=href("rotations", state="overlapping"),
        ),
        Tally(
            state="approaching",
            count=counts.unmanaged_soon,
            says="end within 30 days, rotated by nobody",
            link=href("expiries", what="unmanaged", within="30d"),
        ),
    )
    if not counts.expired:
        return told
    down = Tally(state="expired", count=counts.expired, says="down now", link=href("rotations", state="expired"))
    return (down, *told)
