"""The command for a vault that was lost, or that leaked: every line that publishes into it is rotated again."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.terminal import WHERE, AsJson, AsPerson, Terminal, Yes, confirm, tell, terminal, why
from rotation.workflows import reissuing
from rotation.workflows.reissuing import Reissued, ReissuePreview, Touched, Wish
from rotation.workflows.services import Services


def reissue(
    ctx: typer.Context,
    *,
    vault: Annotated[str, typer.Option("--vault", metavar="NAME", help="The vault's name, or its address.")],
    compromised: Annotated[
        bool, typer.Option("--compromised", help="It leaked: declare every key id whose text lay there burnt.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Another incident than the one before: what was made since, too.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="For the audit trail; without it you are asked.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would touch.")] = False,
    typed: Annotated[
        str, typer.Option("--confirm", metavar="NAME", help="The vault's name once more, for --compromised.")
    ] = "",
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Rotate again every line that publishes into a vault that was lost or leaked, each once. Say it again to go on."""
    here = terminal(ctx)
    if preview or not as_json:
        _show(here, Wish(vault=vault, by="preview", compromised=compromised, again=again), as_json=as_json)
        if preview:
            return
    said = why(reason, ask=not as_json)
    _agree(vault, typed, compromised=compromised, yes=yes, as_json=as_json)

    async def act(services: Services) -> Reissued:
        by = await here.who(as_person)
        wish = Wish(vault=vault, by=by, why=said, compromised=compromised, again=again, where=WHERE)
        return await reissuing.reissue(services, wish)

    done = here.run(act, as_json=as_json)
    tell(done, *_done(done), as_json=as_json)
    if done.later:
        raise typer.Exit(Exit.INCOMPLETE)


def _agree(vault: str, typed: str, *, compromised: bool, yes: bool, as_json: bool) -> None:
    """Ask for a yes; a compromise, past which no brake but the pause stands, for the vault's name, typed."""
    if not compromised:
        confirm("Rotate these lines again, within the brakes?", yes=yes or as_json)
        return
    if not typed and (yes or as_json):
        raise typer.BadParameter("a compromise asks for the vault's name once more", param_hint="--confirm")
    if (typed or typer.prompt(f"Type {vault} to declare it compromised", err=True)).strip() != vault:
        raise typer.BadParameter("that is not the vault's name: nothing was done", param_hint="--confirm")


def _show(here: Terminal, wish: Wish, *, as_json: bool) -> None:
    async def look(services: Services) -> ReissuePreview:
        return await reissuing.preview(services, wish)

    seen = here.run(look, as_json=as_json)
    tell(seen, *_screen(seen, compromised=wish.compromised), as_json=as_json)


def _screen(seen: ReissuePreview, *, compromised: bool) -> Iterator[RenderableType]:
    left = [each for each in seen.lines if not each.done]
    yield Text(
        f"{words.counted(len(left), 'line')} to rotate again, {len(seen.lines) - len(left)} done or never there."
    )
    if seen.incident is not None:
        told = f"goes on since {words.instant(seen.incident.at)}, by {seen.incident.by}; another incident: --again"
        yield Text(told, style="dim")
    for each in seen.lines:
        yield from _line(each, compromised=compromised)


def _line(each: Touched, *, compromised: bool) -> Iterator[RenderableType]:
    sign = Text("✓ ", style="green") if each.done else Text("▸ ", style="cyan")
    yield sign.append_text(words.name(each.name)).append(f" / {each.line.name}", style="dim")
    if each.moves_to:
        yield Text(f"  its next secret is kept in {each.moves_to}")
    if compromised and not each.done:
        for key_id in each.burnt:
            yield Text(f"  burnt: {key_id} goes as soon as destinations have the new one", style="bold red")
        yield Text(f"  these need the new one: {', '.join(each.destinations) or 'none is known'}")


def _done(done: Reissued) -> Iterator[RenderableType]:
    if done.ordered:
        yield Text(f"✓ {words.counted(len(done.ordered), 'line')} due.", style="green")
        yield Text("Nights rotate them within the brakes. Now, within the brakes too: rotation scan")
    for rotation in done.opened:
        yield Text(f"▸ Follow it: rotation show {rotation}", no_wrap=True, style="cyan")
    if done.done:
        yield Text(f"{words.counted(len(done.done), 'line')} done or never there.", style="dim")
    for held in done.later:
        yield Text(f"■ Not yet: {words.name(held, 300).plain}; run it again", style="yellow")
