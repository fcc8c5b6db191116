"""Commands about the ways to reach people: notify test."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.terminal import AsJson, AsPerson, tell, terminal
from rotation.workflows.notify_test import ChannelProof, notify_test
from rotation.workflows.services import Services

notify = typer.Typer(no_args_is_help=True, help="The ways to reach people.")


@notify.command(name="test")
def prove(
    ctx: typer.Context,
    *,
    audience: Annotated[str, typer.Option("--audience", metavar="NAME", help="Only this one. Default: all.")] = "",
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Send one message on each channel of each audience, and tell what became of each."""
    here = terminal(ctx)

    async def act(services: Services) -> Sequence[ChannelProof]:
        by = await here.who(as_person)
        return await notify_test(services, by=by, audience=audience or None)

    seen = here.run(act, as_json=as_json)
    tell({"channels": seen}, *_screen(seen), as_json=as_json)
    if not all(proof.sent for proof in seen):
        raise typer.Exit(Exit.FINDINGS)


def _screen(seen: Sequence[ChannelProof]) -> Iterator[RenderableType]:
    if not seen:
        yield Text("No audience is configured: nobody is told anything.", style="yellow")
        return
    table = words.grid("audience", "channel", "")
    for proof in seen:
        sign, style = ("✓", "green") if proof.sent else ("■", "bold red")
        table.add_row(proof.audience, proof.channel or "-", Text(f"{sign} {words.name(proof.says, 400).plain}", style))
    yield table
    if any(proof.sent for proof in seen):
        yield Text("Taken by the far end: whether a message arrived, only the people can say.", style="dim")
