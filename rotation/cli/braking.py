"""Commands about everything at once: scan, pause, resume."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.terminal import AsJson, AsPerson, console, tell, terminal
from rotation.ledger.scans import ScanRecord
from rotation.workflows import operating, scanning
from rotation.workflows.services import Services

LOOK_EVERY_SECONDS = 2.0

ReasonOption = Annotated[str, typer.Option("--reason", help="For everybody who wonders.", prompt="Why?")]


def scan(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; open nothing.")] = False,
    passes: Annotated[
        list[str] | None,
        typer.Option("--pass", metavar="NAME", help="secrets, usage, drift, certificates ...; repeat it."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it until it is finished.")] = False,
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Ask the app for a scan now."""
    chosen = tuple(passes or scanning.NIGHTLY)
    if unknown := set(chosen) - {*scanning.NIGHTLY, *scanning.AFTER_NIGHT, *scanning.WEEKLY}:
        raise typer.BadParameter(f"no pass is called {', '.join(sorted(unknown))}", param_hint="--pass")
    here = terminal(ctx)

    async def act(services: Services) -> ScanRecord:
        by = await here.who(as_person)
        asked = await scanning.begin_scan(services, by=by, dry_run=dry_run, passes=chosen)
        if wait:
            return await follow(services, asked, quiet=as_json)
        return await scanning.scan_report(services, asked)

    seen = here.run(act, as_json=as_json)
    tell(seen, _told(seen), as_json=as_json)
    if seen.finished_at is not None and not seen.complete:
        raise typer.Exit(Exit.REFUSED)


async def follow(services: Services, asked: str, *, quiet: bool, every: float = LOOK_EVERY_SECONDS) -> ScanRecord:
    """Look at a scan until it is finished, with one live line unless *quiet*."""
    with Live(console=console(), transient=True, refresh_per_second=4, auto_refresh=not quiet) as live:
        while True:
            seen = await scanning.scan_report(services, asked)
            if seen.finished_at is not None:
                return seen
            if not quiet:
                live.update(_told(seen))
            await asyncio.sleep(every)


def _told(seen: ScanRecord) -> Text:
    counts = f"{seen.counts.get('applications', 0):,} applications, {seen.counts.get('due', 0)} due"
    if seen.finished_at is None:
        stands = "running" if seen.started_at else "asked for"
        return Text(f"▸ scan {seen.id} {stands}: {counts}", style="cyan")
    if seen.complete:
        return Text(f"✓ scan {seen.id} complete, {words.instant(seen.finished_at)}: {counts}", style="green")
    return Text(f"■ scan {seen.id} is incomplete: {seen.problem}", style="bold red")


def pause(ctx: typer.Context, reason: ReasonOption, as_person: AsPerson = "", as_json: AsJson = False) -> None:
    """Stop every mint, publish, delivery and removal before its next step. Reminders go on."""

    async def act(services: Services, by: str) -> None:
        await operating.pause(services, by=by, reason=reason)

    _brake(ctx, as_person, act, said="paused", as_json=as_json)


def resume(
    ctx: typer.Context,
    *,
    reason: ReasonOption,
    breaker: Annotated[bool, typer.Option("--breaker", help="Close the circuit breaker too.")] = False,
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Go on after a pause; with --breaker also after the circuit breaker opened."""

    async def act(services: Services, by: str) -> None:
        await operating.resume(services, by=by, reason=reason, breaker=breaker)

    _brake(ctx, as_person, act, said="goes on", as_json=as_json)


def _brake(
    ctx: typer.Context,
    as_person: str,
    act: Callable[[Services, str], Awaitable[None]],
    *,
    said: str,
    as_json: bool,
) -> None:
    here = terminal(ctx)

    async def go(services: Services) -> tuple[str, str | None]:
        by = await here.who(as_person)
        await act(services, by)
        return by, (await services.control.breaker.read()).open_reason

    by, breaker = here.run(go, as_json=as_json)
    shown = [Text(f"✓ {said}, by {by}", style="green")]
    if breaker:
        shown.append(Text(f"■ The circuit breaker is still open ({breaker}): rotation resume --breaker", "bold red"))
    tell({"done": said, "by": by, "breaker": breaker}, *shown, as_json=as_json)
