"""The command that gives everything there is, row by row, to spreadsheets, scripts and auditors."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.text import Text

from rotation.cli import complaints
from rotation.cli.files import private_file
from rotation.cli.progress import rate, watched
from rotation.cli.terminal import AsJson, complain, errors, tell, terminal
from rotation.cli.words import command
from rotation.domain.errors import RotationError
from rotation.workflows.reading.export import ExportRow, Table, as_csv, as_json, rows
from rotation.workflows.services import Services


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


WRITERS = {Format.CSV: as_csv, Format.JSON: as_json}


@dataclass(slots=True, kw_only=True)
class Export:
    """What is wanted, and how far it is."""

    table: Table
    how: Format
    since: date
    quiet: bool
    count: int = 0

    async def write(self, services: Services, sink: IO[bytes]) -> None:
        """Write row after row, as they come."""
        async with watched(self._progress, quiet=self.quiet):
            found = self._counted(rows(services, self.table, since=self.since))
            async for text in WRITERS[self.how](self.table, found):
                sink.write(text.encode("utf-8", "backslashreplace"))
        sink.flush()

    async def _counted(self, found: AsyncIterator[ExportRow]) -> AsyncIterator[ExportRow]:
        async for row in found:
            yield row
            self.count += 1

    def _progress(self, seconds: float) -> Text:
        return Text(f"▸ {self.table}: {self.count:,} rows  {rate(self.count, seconds)}", style="cyan")


def export(
    ctx: typer.Context,
    table: Annotated[
        Table | None, typer.Argument(metavar="[TABLE]", help="credentials (the default), lines, rotations, or audit.")
    ] = None,
    *,
    audit: Annotated[
        bool, typer.Option("--audit", help="The audit trail, from the place that only grows; as the table audit.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option("--since", metavar="DATE", formats=["%Y-%m-%d"], help="Of the audit trail: from this day (UTC)."),
    ] = None,
    how: Annotated[
        Format | None, typer.Option("--format", help="Default: as the file's name ends, else csv; json with --json.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Only you may read it. Default: stdout."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write every credential, line, latest rotation or event, row by row, as CSV or JSON; no secret is among them."""
    wanted = Export(
        table=_table(table, audit=audit, since=since),
        how=_format(how, output, as_json=as_json),
        since=since.date() if since else date.min,
        quiet=as_json or (output is None and sys.stdout.isatty()),
    )

    with _sink(output, force=force) as sink:

        async def act(services: Services) -> None:
            try:
                await wanted.write(services, sink)
            except RotationError as error:
                if output is None and wanted.count:
                    _cut_off(error, wanted)
                raise

        terminal(ctx).run(act, as_json=as_json)
    if output is not None:
        told = f"✓ {wanted.count:,} {'row' if wanted.count == 1 else 'rows'} of {wanted.table} in {output}"
        done = command(told)
        done.stylize("green")
        facts = {"table": wanted.table, "format": wanted.how, "rows": wanted.count, "file": str(output)}
        tell(facts, done, as_json=as_json)


def _table(given: Table | None, *, audit: bool, since: datetime | None) -> Table:
    if audit and given not in {None, Table.AUDIT}:
        raise typer.BadParameter(f"either {given} or --audit, not both", param_hint="--audit")
    wanted = Table.AUDIT if audit else given or Table.CREDENTIALS
    if since and wanted is not Table.AUDIT:
        raise typer.BadParameter(f"goes with --audit; {wanted} are as they are now", param_hint="--since")
    return wanted


def _format(given: Format | None, output: Path | None, *, as_json: bool) -> Format:
    if output is None:
        if as_json and given is Format.CSV:
            raise typer.BadParameter(
                "csv is not --json; with --output FILE, --json tells of the file", param_hint="--format"
            )
        return given or (Format.JSON if as_json else Format.CSV)
    by_name = {f".{each}": each for each in Format}.get(output.suffix.lower(), Format.CSV)
    return given or by_name


@contextmanager
def _sink(output: Path | None, *, force: bool) -> Iterator[IO[bytes]]:
    if output is None:
        if force:
            raise typer.BadParameter("goes with --output", param_hint="--force")
        yield typer.get_binary_stream("stdout")
        return
    with private_file(output, force=force) as file:
        yield file


def _cut_off(error: RotationError, wanted: Export) -> None:
    """End the process where rows are on standard output already: what went wrong may not stand among them."""
    complain(error, as_json=False)
    errors().print(
        f"    rows:   cut off after {wanted.count:,}; with --output FILE there are all, or no file", markup=False
    )
    raise typer.Exit(complaints.exit_code(error)) from None
