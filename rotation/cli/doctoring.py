"""The command that looks at everything that a deployment stands on."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.progress import live_line
from rotation.cli.terminal import AsJson, AsPerson, tell, terminal
from rotation.workflows.doctor.examining import CHECKS, examine
from rotation.workflows.doctor.findings import Finding, Report, Standing, Wants
from rotation.workflows.services import Services

SIGNS = {
    Standing.FINE: ("✓", "green"),
    Standing.WARNING: ("!", "yellow"),
    Standing.UNKNOWN: ("⧗", "yellow"),
    Standing.BROKEN: ("■", "bold red"),
}


def doctor(
    ctx: typer.Context,
    *,
    probe: Annotated[
        bool,
        typer.Option(help="Write and take back a row and messages, and write a disabled version of a probe secret."),
    ] = True,
    notify: Annotated[bool, typer.Option("--notify", help="Send a message on each channel of each audience.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="List what is fine one by one, too.")] = False,
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Look at every right, address, table, queue, vault, channel and destination; tell what mends what is broken."""
    here = terminal(ctx)

    async def act(services: Services) -> Report:
        by = await here.who(as_person) if notify else as_person or await here.signed_in() or "a terminal"
        ended: list[str] = []
        with live_line(quiet=as_json) as show:

            def told(name: str) -> None:
                ended.append(name)
                show(Text(f"▸ {len(ended)} of {len(CHECKS)} looked at: {name}", style="cyan"))

            return await examine(services, Wants(probe=probe, notify=notify, by=by), told=told)

    seen = here.run(act, as_json=as_json)
    tell({"healthy": seen.healthy, **_told(seen)}, *_screen(seen, everything=everything), as_json=as_json)
    if seen.of(Standing.BROKEN):
        raise typer.Exit(Exit.FINDINGS)
    if seen.of(Standing.UNKNOWN):
        raise typer.Exit(Exit.INCOMPLETE)


def _told(seen: Report) -> dict[str, object]:
    counts = {standing.value: len(seen.of(standing)) for standing in Standing}
    return {"at": seen.at, "who": seen.who, "counts": counts, "findings": seen.findings}


def _screen(seen: Report, *, everything: bool) -> Iterator[RenderableType]:
    for check, group in groupby(seen.findings, key=lambda finding: finding.check):
        found = list(group)
        well = [finding for finding in found if finding.standing is Standing.FINE]
        if len(well) > 1 and not everything:
            yield _line(Standing.FINE, check, f"{len(well)} fine")
            found = [finding for finding in found if finding.standing is not Standing.FINE]
        for finding in found:
            yield from _finding(finding)
    yield _sum(seen)


def _finding(finding: Finding) -> Iterator[RenderableType]:
    about = f"{words.name(finding.subject, 80).plain}: " if finding.subject else ""
    yield _line(finding.standing, finding.check, f"{about}{words.name(finding.says, 600).plain}")
    if finding.remedy:
        yield words.command(f"                  {words.name(finding.remedy, 600).plain}")


def _line(standing: Standing, check: str, says: str) -> RenderableType:
    sign, style = SIGNS[standing]
    row = words.grid()
    row.add_column(width=1, style=style)
    row.add_column(width=13, style="dim" if standing is Standing.FINE else style)
    row.add_column(overflow="fold")
    row.add_row(sign, check, Text(says, style="dim" if standing is Standing.FINE else ""))
    return row


def _sum(seen: Report) -> Text:
    counted = partial(_count, seen)
    told: Sequence[str] = [part for part in map(counted, Standing) if part]
    well = seen.healthy
    as_whom = f" as {seen.who}" if seen.who else ""
    return Text(f"\n{'✓' if well else '■'} Looked{as_whom}: {', '.join(told)}", style="green" if well else "bold red")


def _count(seen: Report, standing: Standing) -> str:
    found = seen.of(standing)
    named = words.counted(len(found), standing) if standing is Standing.WARNING else f"{len(found)} {standing}"
    return named if found else ""
