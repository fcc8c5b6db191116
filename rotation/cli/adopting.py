"""The command that takes up what a person made by hand while Rotation was down."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.enrolling import key_ids, line_name
from rotation.cli.terminal import (
    WHERE,
    ApplicationArgument,
    AsJson,
    AsPerson,
    LineOption,
    Yes,
    confirm,
    tell,
    terminal,
)
from rotation.domain.identifiers import LineId
from rotation.workflows import previewing
from rotation.workflows.adopting import adopt as adopting
from rotation.workflows.adopting.adopt import Adoption, Wish
from rotation.workflows.finding import find_application
from rotation.workflows.services import Services


def adopt(
    ctx: typer.Context,
    application: ApplicationArgument,
    *,
    line: LineOption = previewing.DEFAULT_LINE,
    key_id: Annotated[
        str, typer.Option("--key-id", metavar="ID", help="The secret that was made. Default: the only one made since.")
    ] = "",
    date_only: Annotated[
        bool, typer.Option("--date-only", help="Take only its end date, whatever lies in the vault.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would mean.")] = False,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take up a secret that a person made by hand: the line goes on from it. Mints nothing, removes nothing."""
    here, named = terminal(ctx), key_ids([key_id] if key_id else [])

    async def wish(services: Services, by: str) -> Wish:
        found = await find_application(services, application)
        return Wish(
            line=LineId(found.object_id, line_name(line)),
            by=by,
            key_id=named[0] if named else None,
            date_only=date_only,
            where=WHERE,
        )

    async def look(services: Services) -> tuple[Adoption, datetime]:
        return await adopting.preview(services, await wish(services, "preview")), services.clock.now()

    async def act(services: Services) -> tuple[Adoption, datetime]:
        return await adopting.adopt(services, await wish(services, await here.who(as_person))), services.clock.now()

    if preview or not (yes or as_json):
        seen, now = here.run(look, as_json=as_json)
        tell(seen, *_screen(seen, now), as_json=as_json)
        if preview or seen.already:
            return
        confirm(f"Let line {line} go on from it?", yes=False)
    done, now = here.run(act, as_json=as_json)
    tell(done, *_done(done), as_json=as_json)


def _screen(seen: Adoption, now: datetime) -> Iterator[RenderableType]:
    yield words.name(seen.name).append_text(Text(f" / {seen.line.name}", style="dim"))
    yield Text(f"{seen.key_id}, ends {words.day(seen.ends_at, now)}", style="bold")
    if seen.already:
        yield Text("✓ It is the line's current secret already: nothing is to be done.", style="green")
        return
    yield _value(seen)
    for kept in seen.kept:
        yield Text(f"  ⧗ {kept} stays until there is evidence, or until its own end")
    if seen.succeeds is not None:
        yield Text(f"! Rotation {seen.succeeds.ulid} ends; what it has not delivered is cancelled.", style="yellow")


def _value(seen: Adoption) -> Text:
    if seen.value is None:
        told = "! Its value is not in the line's vault secret: only the end date is taken. Who reads the vault, and"
        return Text(f"{told} every destination, must be given it by a person.", style="yellow")
    proof = "signs in" if seen.value.unprovable is None else f"cannot be proven (AADSTS{seen.value.unprovable})"
    told = f"✓ Its value is in the vault (version {seen.value.version}) and {proof}."
    return Text(f"{told} Destinations are asked what they hold, and get it where they lack it.", style="green")


def _done(done: Adoption) -> Iterator[RenderableType]:
    yield Text(f"✓ Line {done.line.name} goes on from {done.key_id}; nothing was minted or removed.", style="green")
    if done.rotation is not None:
        yield Text(f"Follow it: rotation show {done.rotation.ulid}")
