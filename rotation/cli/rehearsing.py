"""The command that plays a whole rotation on a throw-away application."""

from collections.abc import Iterator

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.progress import live_line
from rotation.cli.terminal import AsJson, AsPerson, Yes, confirm, tell, terminal
from rotation.workflows.rehearsing.facts import Holds
from rotation.workflows.rehearsing.rehearse import Act, Rehearsal
from rotation.workflows.rehearsing.rehearse import rehearse as play
from rotation.workflows.services import Services

SIGNS = {Holds.HOLDS: ("✓", "green"), Holds.OTHERWISE: ("■", "bold red"), Holds.UNSEEN: ("·", "dim")}
ASKED = "Make a throw-away application in this tenant, rotate its secret in this vault, and delete both?"


def rehearse(
    ctx: typer.Context,
    *,
    as_person: AsPerson = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Play a whole rotation on a throw-away application, check what we rely on, and delete everything."""
    here = terminal(ctx)
    confirm(ASKED, yes=yes or as_json)

    async def act(services: Services) -> Rehearsal:
        by = await here.who(as_person)
        with live_line(quiet=as_json) as show:
            show(Text("▸ making the throw-away application; all of it takes some minutes", style="cyan"))

            def told(done: Act) -> None:
                show(Text(f"▸ {done.name} after {done.seconds:,.0f} s: {done.says}", style="cyan"))

            return await play(services, by=by, told=told)

    seen = here.run(act, as_json=as_json)
    tell(seen, *_screen(seen), as_json=as_json)
    if not seen.passed:
        raise typer.Exit(Exit.FINDINGS)


def _screen(seen: Rehearsal) -> Iterator[RenderableType]:
    acts = words.grid("", "act", "seconds", "")
    for act in seen.acts:
        sign = Text("✓", style="green") if act.well else Text("■", style="bold red")
        acts.add_row(sign, act.name, f"{act.seconds:,.0f}", words.name(act.says, 400))
    yield acts
    if seen.facts:
        yield Text("\nWhat we rely on (docs/platform-facts.md)", style="bold")
        facts = words.grid("", "fact", "", "here")
        for fact in seen.facts:
            facts.add_row(Text(*SIGNS[fact.holds]), fact.id, fact.what, words.name(fact.says, 400))
        yield facts
    for left in seen.left:
        yield Text(f"■ Left: {left}", style="bold red")
    yield _sum(seen)


def _sum(seen: Rehearsal) -> Text:
    if seen.passed:
        return Text(
            "\n✓ It passed, and everything is deleted. Next: rotation enrol APPLICATION --preview", style="green"
        )
    wrong = [fact.id for fact in seen.facts if fact.holds is Holds.OTHERWISE]
    why = f"otherwise here: {', '.join(wrong)}" if wrong else seen.reason or "something is left"
    deleted = "everything is deleted" if not seen.left else "not everything could be deleted; the next one tries again"
    return Text(f"\n■ It did not pass ({why}); {deleted}.", style="bold red")
