"""The command that ends enrolments: one line's, or every line's."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.enrolling import line_name
from rotation.cli.terminal import WHERE, AsJson, AsPerson, LineOption, Terminal, Yes, confirm, tell, terminal
from rotation.domain.identifiers import LineId
from rotation.domain.line import HeldKey
from rotation.workflows import enrolling, previewing
from rotation.workflows.finding import find_application
from rotation.workflows.leaving import Left, release_all
from rotation.workflows.services import Services


def release(
    ctx: typer.Context,
    application: Annotated[
        str, typer.Argument(metavar="[APPLICATION]", help="Object id, client id, or exact display name.")
    ] = "",
    *,
    line: LineOption = previewing.DEFAULT_LINE,
    everything: Annotated[bool, typer.Option("--all", help="Every line of every application: to leave.")] = False,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End an enrolment, or with --all every one. Nothing is removed; tells which end dates somebody must now watch."""
    if bool(application) == everything:
        raise typer.BadParameter("give an application or --all, one of them")
    here = terminal(ctx)
    if everything:
        _all(here, as_person, yes=yes, as_json=as_json)
        return
    confirm(f"Release line {line} of {application}? Nobody rotates it afterwards.", yes=yes or as_json)

    async def act(services: Services) -> tuple[tuple[HeldKey, ...], datetime]:
        by = await here.who(as_person)
        found = await find_application(services, application)
        line_id = LineId(found.object_id, line_name(line))
        return await enrolling.release(services, line_id, by=by, where=WHERE), services.clock.now()

    left, now = here.run(act, as_json=as_json)
    table = words.grid("key id", "ends")
    for key in left:
        table.add_row(key.key_id, words.day(key.end_at, now))
    told = Text(f"Line {line} is released; nothing was removed. Somebody must now watch:")
    tell({"released": line, "watch": left}, told, table, as_json=as_json)


def _all(here: Terminal, as_person: str, *, yes: bool, as_json: bool) -> None:
    confirm("Release EVERY line? Nobody rotates anything afterwards.", yes=yes)

    async def act(services: Services) -> tuple[Left, datetime]:
        by = await here.who(as_person)
        return await release_all(services, by=by, where=WHERE), services.clock.now()

    left, now = here.run(act, as_json=as_json)
    tell(left, *_screen(left, now), as_json=as_json)
    if left.later:
        raise typer.Exit(Exit.INCOMPLETE)


def _screen(left: Left, now: datetime) -> Iterator[RenderableType]:
    lines = words.counted(len(left.released), "line")
    yield Text(f"{lines} released; nothing was removed. Somebody must now watch:")
    table = words.grid("ends", "application / line", "key id", "")
    for each in left.watch:
        whose = words.name(each.name, 34).append_text(Text(f"/{each.line.name}", style="dim"))
        table.add_row(words.tall_day(each.ends_at, now), whose, each.key_id, "current" if each.current else "")
    yield table
    for held in left.later:
        yield Text(f"■ Not yet: {words.name(held, 300).plain}", style="yellow")
    if left.later:
        yield Text("Run it again in a moment: rotation release --all", style="bold")
