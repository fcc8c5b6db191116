"""The command that writes down again what directory and vaults tell, after the storage account was lost."""

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.terminal import WHERE, AsJson, AsPerson, Terminal, tell, terminal
from rotation.domain.rebuilt import RebuiltLine, TaggedSecret
from rotation.workflows.rebuilding import rebuild as rebuilding
from rotation.workflows.rebuilding.rebuild import Rebuilt
from rotation.workflows.rebuilding.survey import Survey, survey
from rotation.workflows.services import Services


def rebuild(
    ctx: typer.Context,
    *,
    vault: Annotated[
        list[str] | None,
        typer.Option("--vault", metavar="URL", help="Read this vault too; repeat it. Always: those of rotation.yaml."),
    ] = None,
    as_person: AsPerson = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write it; without it nothing is written.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    After losing the storage account: tell which lines directory and vaults know, and with --yes write them down.

    Nothing is rotated, delivered or removed before somebody enrols a line again.
    """
    here, vaults = terminal(ctx), tuple(vault or ())
    if yes:
        _write(here, vaults, as_person, as_json=as_json)
        return

    async def act(services: Services) -> tuple[Survey, datetime]:
        return await survey(services, vaults), services.clock.now()

    seen, now = here.run(act, as_json=as_json)
    nothing = Text("Nothing was written. To write it: rotation rebuild --yes", style="bold")
    tell(seen, *_screen(seen, now), nothing, as_json=as_json)
    if seen.unread:
        raise typer.Exit(Exit.INCOMPLETE)


def _write(here: Terminal, vaults: tuple[str, ...], as_person: str, *, as_json: bool) -> None:
    async def act(services: Services) -> tuple[Survey, Rebuilt, datetime]:
        by = await here.who(as_person)
        seen = await survey(services, vaults)
        return seen, await rebuilding.rebuild(services, seen, by=by, where=WHERE), services.clock.now()

    seen, done, now = here.run(act, as_json=as_json)
    tell({"found": seen, "done": done}, *_screen(seen, now), *_done(seen, done), as_json=as_json)
    if done.later or seen.unread:
        raise typer.Exit(Exit.INCOMPLETE)


def _screen(seen: Survey, now: datetime) -> Iterator[RenderableType]:
    read = f"{words.counted(seen.applications, 'application')} and {words.counted(len(seen.vaults), 'vault')} read."
    yield Text(f"{read} {words.counted(len(seen.lines), 'line')} to take up again.")
    for line in seen.lines:
        yield from _line(line, seen, now)
    for stray in seen.strays:
        whose = words.name(stray.display_name, 60).plain
        told = f"a stray, ends {words.day(stray.ends_at, now)}: no vault that was read knows it"
        yield Text(f"\n? {whose} ({stray.application})\n{stray.key_id}\n{told}", style="yellow")
    if seen.enrolled:
        yield Text(f"{words.counted(len(seen.enrolled), 'line')} enrolled here: nothing to rebuild.", style="dim")
    for gone in seen.gone:
        yield Text(f"? {gone.application}/{gone.name}: the directory does not list its application", style="yellow")
    for unread in seen.unread:
        yield Text(f"■ {words.name(unread, 200).plain}: not read, so what is its own is missing here", style="red")


def _line(line: RebuiltLine, seen: Survey, now: datetime) -> Iterator[RenderableType]:
    yield Text("\n").append_text(words.name(line.display_name)).append(f" / {line.id.name}", style="dim")
    yield Text(f"{line.vault_url}/secrets/{line.secret_name}", style="dim")
    table = words.grid("key id", "ends", "")
    for each in line.secrets:
        table.add_row(each.key_id, words.tall_day(each.end_at, now), _what(each, line))
    for key_id in seen.beside[line.id]:
        table.add_row(key_id, "", Text("no marker: its old one?", style="dim"))
    yield table


def _what(each: TaggedSecret, line: RebuiltLine) -> Text:
    if each.staged:
        return Text("never published", style="yellow")
    if each is not line.latest:
        return Text("older of a pair")
    return Text("published last", style="green") if each.listed else Text("published last, and gone", style="bold red")


def _done(seen: Survey, done: Rebuilt) -> Iterator[RenderableType]:
    yield Text(f"\n✓ {words.counted(len(done.written), 'line')} written, {len(done.known)} known.", style="green")
    yield Text("Reminders come after the scan that was asked for. Nothing is rotated until you enrol each line again:")
    for line in seen.lines:
        yield Text(shlex.join(["rotation", "enrol", line.id.application, "--line", line.id.name]), no_wrap=True)
    for held in done.later:
        yield Text(f"■ Not yet: {words.name(held, 300).plain}; run it again in a moment", style="yellow")
