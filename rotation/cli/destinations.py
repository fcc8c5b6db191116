"""Commands about destinations: destinations check, and deliver, which goes back to an older version on purpose."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.enrolling import line_name
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
    why,
)
from rotation.domain.capability import Readiness
from rotation.domain.errors import Refused
from rotation.domain.identifiers import DestinationName, LineId, RotationId, SecretVersion
from rotation.workflows import checking, going_back, previewing
from rotation.workflows.checking import Checked
from rotation.workflows.finding import find_application
from rotation.workflows.going_back import BackPreview, Wish
from rotation.workflows.services import Services

destinations = typer.Typer(no_args_is_help=True, help="The places that secrets are delivered to.")

SIGNS = {
    Readiness.READY: ("✓ Ready", "green"),
    Readiness.UNKNOWN: ("⧗ Unknown", "yellow"),
    Readiness.MISCONFIGURED: ("■ Misconfigured", "bold red"),
}


@destinations.command()
def check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Which of them. Default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look whether a delivery would work, without a secret and without changing anything."""

    async def act(services: Services) -> Sequence[Checked]:
        return await checking.check(services, names or ())

    seen = terminal(ctx).run(act, as_json=as_json)
    tell({"destinations": seen}, *_checks(seen), as_json=as_json)
    found = {each.readiness for each in seen}
    if Readiness.MISCONFIGURED in found:
        raise typer.Exit(Exit.FINDINGS)
    if Readiness.UNKNOWN in found:
        raise typer.Exit(Exit.INCOMPLETE)


def _checks(seen: Sequence[Checked]) -> Iterator[RenderableType]:
    if not seen:
        yield Text("No destination is configured.", style="dim")
        return
    table = words.grid("destination", "kind", "")
    for each in seen:
        sign, style = SIGNS[each.readiness]
        told = Text(sign, style=style)
        if each.why:
            told.append_text(Text(f"\n{words.name(each.why, 600).plain}", style="not bold"))
        for warning in each.warnings:
            told.append_text(Text(f"\n! {words.name(warning, 600).plain}", style="not bold yellow"))
        table.add_row(each.name, each.kind, told)
    yield table


def deliver(
    ctx: typer.Context,
    application: ApplicationArgument,
    *,
    version: Annotated[str, typer.Option("--version", metavar="ID", help="The older version, as the vault lists it.")],
    line: LineOption = previewing.DEFAULT_LINE,
    destination: Annotated[
        list[str] | None,
        typer.Option("--destination", metavar="NAME", help="Where to; repeat it. Default: all but hand-offs."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="For the audit trail.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would mean.")] = False,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Go back: deliver an older secret on purpose. It stays there until the next one is published."""
    here = terminal(ctx)

    async def wish(services: Services) -> Wish:
        found = await find_application(services, application)
        names = tuple(map(DestinationName, destination or ()))
        line_id = LineId(found.object_id, line_name(line))
        return Wish(line=line_id, version=SecretVersion(version.strip().lower()), destinations=names)

    if preview or not yes:
        _show(here, wish, as_json=as_json, only=preview)
        if preview:
            return
    said = why(reason, ask=not (as_json or yes))
    confirm("Deliver the older secret?", yes=yes)

    async def act(services: Services) -> tuple[RotationId, str]:
        by = await here.who(as_person)
        return await going_back.go_back(services, await wish(services), by=by, why=said), by

    rotation, by = here.run(act, as_json=as_json)
    shown = Text(f"▸ version {version} goes back, by {by}", style="cyan")
    following = Text(f"Follow it: rotation show {rotation.ulid}")
    tell({"rotation": str(rotation), "version": version, "by": by}, shown, following, as_json=as_json)


def _show(here: Terminal, wish: Callable[[Services], Awaitable[Wish]], *, as_json: bool, only: bool) -> None:
    async def act(services: Services) -> tuple[BackPreview, datetime]:
        seen = await going_back.preview(services, await wish(services))
        if as_json and not only:
            raise Refused(
                "an older secret goes back on a person's word",
                reason="not-confirmed",
                remedy="add --yes and --reason; --preview shows what it would mean",
                version=str(seen.version),
            )
        return seen, services.clock.now()

    seen, now = here.run(act, as_json=as_json)
    tell(seen, *_preview(seen, now), as_json=as_json)


def _preview(seen: BackPreview, now: datetime) -> Iterator[RenderableType]:
    yield words.name(seen.name).append_text(Text(f" / {seen.line.name}", style="dim"))
    yield words.facts_table(
        ("goes back", f"{seen.version}, published {words.instant(seen.published_at)}"),
        ("key id", f"{seen.key_id}, ends {words.day(seen.ends_at, now)}"),
        ("instead of", seen.current_version),
    )
    table = words.grid("destination", "holds", "verified")
    for place in seen.places:
        table.add_row(place.name, place.holds or "not known", words.instant(place.verified_at))
    yield table
    yield Text("No night heals it forward, and no old secret is removed, until the next one is published.", style="dim")
    if seen.brake:
        yield Text(f"■ It would wait: {seen.brake}", style="bold yellow")
