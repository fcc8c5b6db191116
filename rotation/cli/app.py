"""The commands, listed."""

import typer

from rotation.cli import braking, configuring, enrolling, looking, rotating
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

for command in (looking.status, looking.plan, looking.show):
    app.command(rich_help_panel="Look")(command)
for command in (enrolling.enrol, enrolling.release):
    app.command(rich_help_panel="Whose it is")(command)
for command in (rotating.rotate, rotating.approve, rotating.acknowledge, rotating.retry, rotating.abandon):
    app.command(rich_help_panel="One rotation")(command)
for command in (braking.scan, braking.pause, braking.resume):
    app.command(rich_help_panel="Everything at once")(command)
app.add_typer(configuring.config, name="config", rich_help_panel="Configuration")


def main() -> None:
    """Run the command line."""
    app()
