"""Screens of what is enrolled, what is due, and how the night stands."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rotation.cli import words
from rotation.domain.brakes import NightState
from rotation.workflows.planning import Plan
from rotation.workflows.reading.overview import Overview
from rotation.workflows.views import ApplicationView, LineDetail, LineView

LISTED = 20
NOTHING_ENROLLED = (
    "Nothing is enrolled yet. Rotation only watches until you say which lines are yours to rotate.\n"
    "  See what tonight would find:   rotation plan\n"
    "  See what enrolling would mean: rotation enrol APPLICATION --preview"
)


def overview(seen: Overview) -> Iterator[RenderableType]:
    """Ten seconds: what needs somebody, brakes, the last scan."""
    yield _headline(seen)
    yield Text(f"Last scan  {_last_scan(seen)}", style="bold red" if seen.scan.problem else "dim")
    yield from _brakes(seen)
    if not seen.lines:
        yield Text(f"\n{NOTHING_ENROLLED}")
    elif seen.needs:
        yield Text("\nNeeds somebody, most urgent first", style="bold")
        yield from _needs(seen)
    elif not _stopped(seen):
        yield Text("\nNothing needs you.", style="green")


def _stopped(seen: Overview) -> bool:
    """Tell whether something holds that somebody must look at: then nothing says that all is well."""
    return seen.brakes.pause is not None or bool(seen.scan.problem)


def _headline(seen: Overview) -> Text:
    line = Text()
    for state, count in seen.states.items():
        word = words.state(state)
        line.append_text(Text.assemble((f"{word.plain[0]} {count} {state}", word.style), "   "))
    if seen.counts.unmanaged_soon:
        line.append(f"◷ {seen.counts.unmanaged_soon} end within 30 days, nobody rotates them", style="yellow")
    return line if line.plain else Text("0 lines")


def _last_scan(seen: Overview) -> str:
    if seen.scan.problem:
        since = f"; what you see is of {words.instant(seen.scan.stale_since)}" if seen.scan.stale_since else ""
        return f"{seen.scan.problem}{since}"
    if seen.scan.complete is None:
        return "none was complete yet: rotation scan"
    counts = seen.scan.complete.counts
    return f"{words.instant(seen.scan.complete.finished_at)}, complete: {counts.get('applications', 0):,} applications"


def _brakes(seen: Overview) -> Iterator[Text]:
    brakes = seen.brakes
    if brakes.pause:
        since = words.instant(brakes.pause.since)
        yield Text(f"■ Paused by {brakes.pause.by} since {since}: {brakes.pause.reason}", style="bold yellow")
    if brakes.breaker.open_reason is not None:
        yield Text(
            f"■ Circuit breaker open ({brakes.breaker.open_reason}): rotation resume --breaker", style="bold red"
        )
    if brakes.night:
        night = brakes.night
        told = f"{night.state}: {night.opened} of {night.due} due opened, {night.left} left"
        style = "bold red" if night.state is NightState.STOPPED else "dim"
        yield Text(f"Tonight    {told}{f' ({night.why})' if night.why else ''}", style=style)
    if seen.given_up:
        yield Text(f"■ {words.counted(seen.given_up, 'notice')} reached nobody: rotation notify test", style="bold red")


def _needs(seen: Overview) -> Iterator[RenderableType]:
    table = words.grid("state", "what", "by", "why")
    for need in seen.needs[:LISTED]:
        whose = words.name(need.what, 34)
        if need.line:
            whose.append_text(Text.assemble(("/", "dim"), need.line))
        by = words.day(need.by, seen.at) if need.by else ""
        table.add_row(words.state(need.state), whose, by, words.name(need.why, 120))
    yield table
    if len(seen.needs) > LISTED:
        yield Text(f"and {len(seen.needs) - LISTED} more: rotation status --json", style="dim")


def lines(views: Sequence[LineView], now: datetime) -> Iterator[RenderableType]:
    """A list of lines."""
    table = words.grid("state", "application / line", "ends", "")
    for view in views:
        whose = Text.assemble(words.name(view.name, 34), ("/", "dim"), view.line)
        table.add_row(words.state(view.state), whose, words.day(view.ends_at, now), words.name(view.says, 120))
    yield table


def plan(seen: Plan) -> Iterator[RenderableType]:
    """What tonight would do."""
    counts = seen.counts
    yield Text(
        f"{counts.get('applications', 0):,} applications, {counts.get('credentials', 0):,} secrets, "
        f"{counts.get('enrolled', 0):,} enrolled lines: {len(seen.due)} due, {seen.would_open} would open tonight",
        style="bold",
    )
    for brake in seen.brakes:
        yield Text(f"■ Nothing would be opened: {brake}", style="bold yellow")
    if not counts.get("enrolled"):
        yield Text(f"\n{NOTHING_ENROLLED}")
    if seen.due:
        table = words.grid("", "application", "line", "ends", "why")
        for place, due in enumerate(seen.due):
            sign = "▸" if place < seen.would_open else "·"
            line = due.line.partition("|")[2]
            table.add_row(sign, words.name(due.application, 30), line, words.day(due.ends_at, seen.at), due.why)
        yield table
    for remark in seen.remarks[:LISTED]:
        yield words.name(f"· {remark}", 200)
    left = len(seen.due) - seen.would_open
    if left and not seen.brakes:
        yield Text(f"{left} wait for another night: opened_per_night is {seen.ramp.opened_per_night}.", style="dim")


def application(seen: ApplicationView, now: datetime) -> Iterator[RenderableType]:
    """One application: its secrets and its lines."""
    yield words.name(seen.name).append_text(Text(f"\nobject id {seen.application}\nclient id {seen.client_id}", "dim"))
    if seen.secrets:
        table = words.grid("key id", "ends", "line", "last used")
        for secret in seen.secrets:
            whose = Text(secret.line or "foreign", style="" if secret.line else "yellow")
            if secret.current:
                whose.append(" ✓", style="green")
            if not secret.listed:
                whose.append(" (gone)", style="red")
            used = f"{secret.last_used_at:%Y-%m-%d}" if secret.last_used_at else "-"
            table.add_row(secret.key_id, words.tall_day(secret.ends_at, now), whose, used)
        yield table
    else:
        yield Text("It holds no client secret.", style="dim")
    for detail in seen.lines:
        yield from line(detail, now)
    if not seen.lines:
        yield Text("No line of it is enrolled: rotation enrol " + seen.application + " --preview", style="dim")


def line(seen: LineDetail, now: datetime) -> Iterator[RenderableType]:
    """One line: its enrolment and its rotations."""
    yield Text(f"\nLine {seen.line}", style="bold")
    rows: list[tuple[str, str | Text]] = [
        ("policy", seen.policy),
        ("enrolled", f"{words.instant(seen.enrolled_at)} by {seen.enrolled_by}"),
        ("vault secret", f"{seen.vault_url.rstrip('/')}/secrets/{seen.secret_name}"),
        ("destinations", ", ".join(seen.destinations) or "none"),
    ]
    if seen.readers:
        rows.append(("read by", ", ".join(seen.readers)))
    if seen.blocked:
        rows.append(("blocked", Text(seen.blocked, style="bold red")))
    yield words.facts_table(*rows)
    for rotation in seen.rotations[:LISTED]:
        yield Text(f"  {rotation.id}", style="cyan" if rotation.open else "dim")
        told = f"{rotation.reason}, {words.day(rotation.opened_at, now)}: {rotation.says}"
        yield Padding(words.name(told, 200), (0, 0, 0, 4))
