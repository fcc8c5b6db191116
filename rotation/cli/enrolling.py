"""The command that makes a line ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from rotation.cli import journeys, words
from rotation.cli.complaints import Exit
from rotation.cli.terminal import (
    ApplicationArgument,
    AsJson,
    AsPerson,
    LineOption,
    Terminal,
    Yes,
    confirm,
    tell,
    terminal,
)
from rotation.domain.errors import Misread
from rotation.domain.identifiers import NAME, KeyId, LineName, is_guid
from rotation.domain.line import Line
from rotation.workflows import enrolling, previewing
from rotation.workflows.finding import find_application
from rotation.workflows.previewing import Preview, Wish
from rotation.workflows.services import Services
from rotation.workflows.telling import preview_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was typed."""

    application: str
    line: str
    key_ids: Sequence[str]
    adopt: bool
    tier_zero: bool
    unrehearsed: bool


def line_name(text: str) -> LineName:
    """
    Read a line's name.

    Raises:
        Misread: It is none.
    """
    if not NAME.fullmatch(text):
        raise Misread("line", text, "lower-case letters, digits and dashes, at most 40")
    return LineName(text)


def key_ids(texts: Sequence[str]) -> tuple[KeyId, ...]:
    """
    Read key ids.

    Raises:
        Misread: One of them is none.
    """
    for text in texts:
        if not is_guid(text):
            raise Misread("key id", text, "a GUID, as `rotation show` lists them")
    return tuple(KeyId(text.lower()) for text in texts)


async def _wish(services: Services, wanted: Wanted, by: str) -> Wish:
    found = await find_application(services, wanted.application)
    return Wish(
        application=found.object_id,
        line=line_name(wanted.line),
        by=by,
        key_ids=key_ids(wanted.key_ids) or None,
        adopt=wanted.adopt,
        tier_zero=wanted.tier_zero,
        unrehearsed=wanted.unrehearsed,
    )


def enrol(
    ctx: typer.Context,
    application: ApplicationArgument,
    *,
    line: LineOption = previewing.DEFAULT_LINE,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would mean.")] = False,
    key_id: Annotated[
        list[str] | None,
        typer.Option("--key-id", metavar="ID", help="Hand over this key id; repeat it. Default: all that are free."),
    ] = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="The vault's secret of that name is this line's own.")] = False,
    tier_zero: Annotated[
        bool, typer.Option("--tier-zero", help="Yes, although it holds roles that write the directory.")
    ] = False,
    unrehearsed: Annotated[
        bool, typer.Option("--unrehearsed", help="Yes, although no rehearsal has passed here; it is recorded.")
    ] = False,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make a line ours to rotate, after a preview of what that means."""
    here = terminal(ctx)
    wanted = Wanted(
        application=application,
        line=line,
        key_ids=key_id or (),
        adopt=adopt,
        tier_zero=tier_zero,
        unrehearsed=unrehearsed,
    )
    if preview:
        _preview(here, wanted, as_json=as_json)
        return
    if not yes and not as_json:
        seen = _preview(here, wanted, as_json=False)
        confirm(f"Enrol line {line} of {words.name(seen.application.display_name).plain}?", yes=False)

    async def act(services: Services) -> Line:
        by = await here.who(as_person)
        return await enrolling.enrol(services, await _wish(services, wanted, by))

    done = here.run(act, as_json=as_json)
    told = f"✓ Line {done.id.name} of {words.name(done.display_name).plain} is enrolled, by {done.enrolment.by}."
    tell(done, Text(told, style="green"), Text("What comes next: rotation plan"), as_json=as_json)


def _preview(here: Terminal, wanted: Wanted, *, as_json: bool) -> Preview:
    async def act(services: Services) -> tuple[Preview, datetime]:
        seen = await previewing.preview(services, await _wish(services, wanted, "preview"))
        return seen, services.clock.now()

    seen, now = here.run(act, as_json=as_json)
    tell(preview_told(seen), *journeys.preview(seen, now), as_json=as_json)
    if seen.refusals:
        raise typer.Exit(Exit.FINDINGS)
    return seen
