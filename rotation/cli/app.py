"""The commands, listed."""

from collections.abc import Callable
from typing import Annotated

import typer

from rotation import __version__
from rotation.cli import (
    adopting,
    braking,
    configuring,
    destinations,
    doctoring,
    enrolling,
    exporting,
    handing,
    leaving,
    looking,
    notifying,
    rebuilding,
    rehearsing,
    reissuing,
    replaying,
    retiring,
    rotating,
)
from rotation.cli.complaints import EXIT_CODES

app = typer.Typer(
    name="rotation",
    help="Hands-off lifecycle of Entra ID application secrets.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals may hold what nobody may see
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[tuple[str, tuple[Callable[..., None], ...]], ...] = (
    ("Look", (looking.status, looking.plan, looking.show, handing.handoffs, exporting.export, doctoring.doctor)),
    ("Whose it is", (rehearsing.rehearse, enrolling.enrol, leaving.release)),
    (
        "One rotation",
        (
            rotating.rotate,
            rotating.approve,
            rotating.acknowledge,
            rotating.retry,
            rotating.abandon,
            retiring.retire,
            destinations.deliver,
        ),
    ),
    ("Everything at once", (braking.scan, braking.pause, braking.resume, replaying.replay)),
    ("After a disaster", (rebuilding.rebuild, reissuing.reissue, adopting.adopt)),
)

for panel, commands in COMMANDS:
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(configuring.config, name="config", rich_help_panel="Configuration")
app.add_typer(destinations.destinations, name="destinations", rich_help_panel="Configuration")
app.add_typer(notifying.notify, name="notify", rich_help_panel="Configuration")


def _told(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


_TOLD = typer.Option("--version", help="Print the version of this program.", is_eager=True, callback=_told)


@app.callback()
def first(*, version: Annotated[bool, _TOLD] = False) -> None:
    """Take what is said before the name of a command."""


def main() -> None:
    """Run the command line, under the name by which shells complete it."""
    app(prog_name="rotation")
