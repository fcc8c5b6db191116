"""The command that lists hand-offs, and tells one of them field by field."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import journeys, words
from rotation.cli.terminal import AsJson, tell, terminal
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.workflows.finding import find_rotation
from rotation.workflows.reading import hand_offs
from rotation.workflows.reading.hand_offs import WaitingHandOff
from rotation.workflows.services import Services


def handoffs(
    ctx: typer.Context,
    rotation: Annotated[
        str, typer.Argument(metavar="[ROTATION]", help="Tell its hand-off: fields, checklist, questions.")
    ] = "",
    destination: Annotated[
        str, typer.Argument(metavar="[DESTINATION]", help="Which, where the rotation has several.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List what waits for a person; with a rotation, everything that this person needs."""
    here = terminal(ctx)
    if rotation:

        async def one(services: Services) -> tuple[WaitingHandOff, datetime]:
            named = await find_rotation(services, rotation)
            to = DestinationName(destination) if destination else None
            return await hand_offs.hand_off(services, named, to), services.clock.now()

        seen, now = here.run(one, as_json=as_json)
        tell(seen, *_one(seen, now), as_json=as_json)
        return

    async def every(services: Services) -> tuple[Sequence[WaitingHandOff], datetime]:
        return await hand_offs.hand_offs(services), services.clock.now()

    listed, now = here.run(every, as_json=as_json)
    tell({"hand_offs": listed}, *_listed(listed, now), as_json=as_json)


def _listed(listed: Sequence[WaitingHandOff], now: datetime) -> Iterator[RenderableType]:
    if not listed:
        yield Text("✓ Nothing waits for a person.", style="green")
        return
    table = words.grid("by", "application / line", "destination", "rotation")
    for each in listed:
        whose = words.name(each.name, 34).append_text(Text(f"/{each.line}", style="dim"))
        by = Text(words.tall_day(each.deadline, now), style="bold red" if each.overdue else "")
        table.add_row(by, whose, each.destination, Text(_ulid(each), style="dim"))
    yield table
    yield Text(f"The fields of one, and its steps: rotation handoffs {_ulid(listed[0])}")


def _one(seen: WaitingHandOff, now: datetime) -> Iterator[RenderableType]:
    yield words.name(seen.name).append_text(Text(f" / {seen.line}", style="dim"))
    yield words.name(seen.form.title, 300)
    late = ": overdue" if seen.overdue else ""
    when = f"☞ {seen.destination}: by {words.day(seen.deadline, now)}, {seen.deadline:%H:%M} UTC{late}"
    yield Text(when, style="bold red" if seen.overdue else "yellow")
    yield from journeys.form(seen.form)
    yield Text(f"\nWhen it is done: rotation acknowledge {_ulid(seen)} {seen.destination}", style="bold")


def _ulid(seen: WaitingHandOff) -> str:
    return RotationId.parse(seen.rotation).ulid
