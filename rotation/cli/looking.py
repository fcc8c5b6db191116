"""Commands that only look: plan, status, show."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from rotation.cli import journeys, screens
from rotation.cli.progress import rate, watched
from rotation.cli.terminal import AsJson, Terminal, tell, terminal
from rotation.domain.identifiers import GUID, ULID, LineId, LineName
from rotation.workflows import planning, showing
from rotation.workflows.finding import find_application, find_rotation
from rotation.workflows.planning import Plan
from rotation.workflows.reading.overview import overview
from rotation.workflows.services import Services
from rotation.workflows.views import ApplicationView, LineDetail, LineView, RotationView

type Shown = RotationView | LineDetail | ApplicationView


def plan(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Tell what tonight would do. Reads every application; writes nothing."""

    async def act(services: Services) -> Plan:
        counts: dict[str, int] = {}
        async with watched(partial(_reading, counts), quiet=as_json):
            return await planning.plan(services, counts)

    seen = terminal(ctx).run(act, as_json=as_json)
    tell(seen, *screens.plan(seen), as_json=as_json)


def _reading(counts: Mapping[str, int], seconds: float) -> Text:
    found = counts.get("applications", 0)
    told = f"{found:,} applications, {counts.get('credentials', 0):,} secrets, {counts.get('pages', 0)} pages"
    return Text(f"▸ reading: {told}  {rate(found, seconds)}", style="cyan")


def status(
    ctx: typer.Context,
    as_json: AsJson = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Every enrolled line, not only what needs somebody.")
    ] = False,
) -> None:
    """Tell in ten seconds what is so and what needs somebody."""
    run: Terminal = terminal(ctx)
    if everything:
        listed, now = run.run(_lines, as_json=as_json)
        tell({"lines": listed}, *screens.lines(listed, now), as_json=as_json)
        return
    seen = run.run(overview, as_json=as_json)
    tell(seen, *screens.overview(seen), as_json=as_json)


async def _lines(services: Services) -> tuple[tuple[LineView, ...], datetime]:
    return await showing.lines(services), services.clock.now()


def show(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="An application (object id, client id, exact name), [OBJECTID.]ULID of a rotation, or OBJECTID|LINE.",
        ),
    ],
    line: Annotated[str, typer.Option("--line", metavar="NAME", help="Only this line of the application.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show an application, one of its lines, or a rotation with its destinations and evidence."""

    async def act(services: Services) -> tuple[Shown, datetime]:
        return await _find(services, what, line), services.clock.now()

    seen, now = terminal(ctx).run(act, as_json=as_json)
    match seen:
        case RotationView():
            tell(seen, *journeys.rotation(seen, now), as_json=as_json)
        case LineDetail():
            tell(seen, *screens.line(seen, now), as_json=as_json)
        case ApplicationView():
            tell(seen, *screens.application(seen, now), as_json=as_json)


async def _find(services: Services, what: str, line: str) -> Shown:
    """Tell by its form what is meant: `<guid>.<ulid>`, `<ulid>`, `<guid>|<line>`, or an application."""
    after = GUID.match(what)
    mark = what[after.end() : after.end() + 1] if after else ""
    if mark == "." or ULID.fullmatch(what.upper()):
        return await showing.rotation(services, await find_rotation(services, what))
    if mark == "|":
        named = LineId.parse(what)
        return await showing.line(services, await find_application(services, named.application), named.name)
    found = await find_application(services, what)
    return await showing.line(services, found, LineName(line)) if line else await showing.application(services, found)
