"""Commands about rotation.yaml, which need no cloud: config check, config schema."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from rotation.cli.complaints import Exit
from rotation.cli.terminal import AsJson, console, errors, terminal, write_json
from rotation.cli.words import counted
from rotation.settings import DEFAULT_CONFIG

if TYPE_CHECKING:
    from rotation.config import ConfigurationRefused, Loaded, Problem

config = typer.Typer(no_args_is_help=True, help="Check rotation.yaml, or describe it to an editor.")


@config.command()
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The configuration.")] = Path(DEFAULT_CONFIG),
    as_json: AsJson = False,
) -> None:
    """Tell every problem of a configuration at once, then warnings and overlapping policies."""
    from rotation.adapters.config_source import FileSource  # noqa: PLC0415  # as below
    from rotation.config import ConfigurationRefused, load  # noqa: PLC0415  # other commands' help must not wait for it
    from rotation.integrations.catalogue import KINDS  # noqa: PLC0415  # as above

    text = terminal(ctx).run_alone(FileSource(file).read, as_json=as_json)
    try:
        loaded = load(text, name=file.name, kinds=KINDS)
    except ConfigurationRefused as refused:
        _refused(refused, as_json=as_json)
        raise typer.Exit(Exit.FINDINGS) from None
    _well(loaded, file.name, as_json=as_json)


def _refused(refused: "ConfigurationRefused", *, as_json: bool) -> None:
    if as_json:
        write_json({"valid": False, "problems": _told(refused.details)})
        return
    shown = errors()
    for problem in refused.details:
        shown.print(Text(str(problem)))
    shown.print(Text(counted(len(refused.details), "problem"), style="bold red"))


def _well(loaded: "Loaded", name: str, *, as_json: bool) -> None:
    from rotation.config import overlaps  # noqa: PLC0415  # as above

    found, met = loaded.configuration, overlaps(loaded.configuration)
    if as_json:
        told = {"valid": True, "digest": found.digest, "warnings": _told(loaded.warnings), "overlaps": met}
        write_json(told)
        return
    shown = console()
    for warning in loaded.warnings:
        shown.print(Text(str(warning), style="yellow"))
    for line in met:
        shown.print(Text(f"overlap: {line}", style="dim"))
    policies, destinations = counted(len(found.policies), "policy"), counted(len(found.destinations), "destination")
    shown.print(
        Text(
            f"✓ {name} is sound: {policies}, {destinations}, {counted(len(loaded.warnings), 'warning')}", style="green"
        )
    )


def _told(problems: "tuple[Problem, ...]") -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


@config.command()
def schema() -> None:
    """Write the JSON Schema of rotation.yaml, for editors."""
    from rotation.config.schema import text  # noqa: PLC0415  # as above
    from rotation.integrations.catalogue import KINDS  # noqa: PLC0415  # as above

    sys.stdout.write(text(KINDS))
