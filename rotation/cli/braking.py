"""Commands about everything at once: scan, pause, resume."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from rotation.cli import words
from rotation.cli.complaints import Exit
from rotation.cli.progress import live_line, rate
from rotation.cli.terminal import AsJson, AsPerson, tell, terminal, why
from rotation.ledger.scans import ScanRecord
from rotation.workflows import operating, scanning
from rotation.workflows.services import Services

LOOK_EVERY_SECONDS = 2.0

ReasonOption = Annotated[str, typer.Option("--reason", help="For everybody who wonders; without it you are asked.")]


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
        asked = await scanning.ask_for_scan(services, by=by, dry_run=dry_run, passes=chosen)
        if wait:
            return await follow(services, asked, quiet=as_json)
        return await scanning.scan_report(services, asked)

    seen = here.run(act, as_json=as_json)
    tell(seen, *_told(seen), as_json=as_json)
    if seen.finished_at is not None and not seen.complete:
        raise typer.Exit(Exit.INCOMPLETE)


async def follow(services: Services, asked: str, *, quiet: bool, every: float = LOOK_EVERY_SECONDS) -> ScanRecord:
    """Look at a scan until it is finished, with one live line unless *quiet*."""
    with live_line(quiet=quiet) as show:
        while True:
            seen = await scanning.scan_report(services, asked)
            if seen.finished_at is not None:
                return seen
            show(_under_way(seen, services.clock.now()))
            await asyncio.sleep(every)


def _under_way(seen: ScanRecord, now: datetime) -> Text:
    found = seen.counts.get("applications", 0)
    if seen.started_at is None:
        waits = f"asked for {(now - seen.asked_at).total_seconds():,.0f} s ago; the app begins it"
        return Text(f"▸ scan {seen.id}: {waits}", style="cyan")
    fast = rate(found, ((seen.progress_at or now) - seen.started_at).total_seconds())
    told = f"{found:,} applications, {seen.counts.get('due', 0)} due"
    return Text(f"▸ scan {seen.id}: {told}  {fast}, {(now - seen.started_at).total_seconds():,.0f} s", style="cyan")


def _told(seen: ScanRecord) -> Iterator[Text]:
    if seen.finished_at is None:
        yield Text(f"▸ scan {seen.id} is asked for, by {seen.asked_by}", style="cyan")
        yield Text(
            "The app begins it within a minute; rotation scan --wait follows one, rotation status tells the last."
        )
        return
    if not seen.complete:
        yield Text(f"■ scan {seen.id} is incomplete: {words.name(seen.problem, 400).plain}", style="bold red")
        return
    counts = f"{seen.counts.get('applications', 0):,} applications, {seen.counts.get('due', 0)} due"
    took = (seen.finished_at - (seen.started_at or seen.asked_at)).total_seconds()
    told = f"{words.instant(seen.finished_at)}, {took:,.0f} s: {counts}"
    yield Text(f"✓ scan {seen.id} complete, {told}", style="green")


def pause(ctx: typer.Context, *, reason: ReasonOption = "", as_person: AsPerson = "", as_json: AsJson = False) -> None:
    """Stop every mint, publish, delivery and removal before its next step. Reminders go on."""
    said = why(reason, ask=not as_json)

    async def act(services: Services, by: str) -> None:
        await operating.pause(services, by=by, reason=said)

    _brake(ctx, as_person, act, said="paused", as_json=as_json)


def resume(
    ctx: typer.Context,
    *,
    reason: ReasonOption = "",
    breaker: Annotated[bool, typer.Option("--breaker", help="Close the circuit breaker too.")] = False,
    as_person: AsPerson = "",
    as_json: AsJson = False,
) -> None:
    """Go on after a pause; with --breaker also after the circuit breaker opened."""
    said = why(reason, ask=not as_json)

    async def act(services: Services, by: str) -> None:
        await operating.resume(services, by=by, reason=said, breaker=breaker)

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
