"""The command that sends back to work what gave up."""

import typer
from rich.text import Text

from rotation.cli.complaints import Exit
from rotation.cli.progress import live_line
from rotation.cli.terminal import WHERE, AsJson, AsPerson, tell, terminal
from rotation.cli.words import counted
from rotation.workflows import replaying
from rotation.workflows.replaying import Replayed
from rotation.workflows.services import Services


def replay(ctx: typer.Context, as_person: AsPerson = "", as_json: AsJson = False) -> None:
    """Send back to work whatever gave up: rotations and their deliveries, scans, messages to people."""
    here = terminal(ctx)

    async def act(services: Services) -> Replayed:
        by = await here.who(as_person)
        with live_line(quiet=as_json) as show:
            tried = 0

            def progress(what: str) -> None:
                nonlocal tried
                tried += 1
                show(Text(f"▸ {tried} sent back: {what}", style="cyan"))

            return await replaying.replay(services, by=by, where=WHERE, progress=progress)

    done = here.run(act, as_json=as_json)
    tell(done, *_told(done), as_json=as_json)
    if done.later:
        raise typer.Exit(Exit.INCOMPLETE)


def _told(done: Replayed) -> list[Text]:
    parts = [
        counted(len(found), what)
        for found, what in ((done.rotations, "rotation"), (done.scans, "scan"), (done.notices, "notice"))
        if found
    ]
    shown = [Text(f"✓ {', '.join(parts)} sent back to work.", style="green") if parts else Text("Nothing gave up.")]
    if done.later:
        shown.append(
            Text(f"■ Somebody works on {', '.join(done.later)} now: run it again in a moment.", style="yellow")
        )
    if done.unreadable:
        told = (
            f"{counted(done.unreadable, 'message')} of the last seven days could not be read. Nothing is lost with one"
        )
        shown.append(Text(f"{told}, and there is nothing in it to replay.", style="dim"))
    return shown
