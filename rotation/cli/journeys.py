"""Screens of one rotation and of an enrolment's preview."""

from collections.abc import Collection, Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from rotation.cli import words
from rotation.domain.delivery import HandOff
from rotation.workflows.previewing import Preview
from rotation.workflows.views import ApplicationView, DeliveryView, RotationView

SIGNS = {"done": ("●", "green"), "now": ("▸", "bold cyan"), "ahead": ("○", "dim"), "not-taken": ("·", "dim")}
DELIVERY_STATES = {
    "verified": "done",
    "acknowledged": "waiting",
    "awaiting-person": "waiting",
    "awaiting-approval": "waiting",
    "blocked": "blocked",
    "cancelled": "healthy",
}
EVENTS = 12
LAST_OF_FIRST_ROW = "published"


def rotation(seen: RotationView, now: datetime) -> Iterator[RenderableType]:
    """One rotation: where it stands, its destinations, what is missing, what happened."""
    yield words.name(seen.name).append_text(Text(f" / {seen.line}", style="dim"))
    yield Text(seen.id, style="dim")
    yield _strip(seen)
    rows: list[tuple[str, str | Text]] = [
        ("stands", words.name(seen.says, 400)),
        ("asked", f"{seen.reason}, by {seen.asked_by}, {words.instant(seen.opened_at)}"),
        ("phase since", words.instant(seen.since)),
    ]
    if seen.key_id:
        rows.append(("new key id", f"{seen.key_id}, ends {words.day(seen.ends_at, now)}"))
    yield words.facts_table(*rows)
    yield from _deliveries(seen)
    yield from _missing(seen)
    if seen.events:
        yield Text("\nHistory", style="bold")
        yield _history(seen)
    if (after := _next(seen)) is not None:
        yield Text(f"\nNext: {after}", style="bold")


def _strip(seen: RotationView) -> Text:
    line = Text()
    for name, how in seen.journey:
        sign, style = SIGNS[how]
        line.append(f"{sign} {name}{'\n' if name == LAST_OF_FIRST_ROW else '  '}", style=style)
    return line


def _deliveries(seen: RotationView) -> Iterator[RenderableType]:
    if not seen.deliveries:
        return
    yield Text("\nDestinations", style="bold")
    table = words.grid()
    for _column in range(3):
        table.add_column(overflow="fold")
    for delivery in seen.deliveries:
        state = words.state(DELIVERY_STATES.get(delivery.phase, "under-way"))
        table.add_row(state, delivery.destination, words.name(delivery.says, 200))
    yield table
    for delivery in seen.deliveries:
        yield from _hand_off(delivery)


def _hand_off(delivery: DeliveryView) -> Iterator[RenderableType]:
    if delivery.hand_off is None:
        return
    yield Text(f"\n☞ {delivery.destination}: by {words.instant(delivery.deadline)}", style="yellow")
    yield from form(delivery.hand_off)


def form(seen: HandOff) -> Iterator[RenderableType]:
    """Everything that the person needs: where, field by field, what to do, what is asked afterwards."""
    yield words.name(seen.where, 300)
    yield words.facts_table(*((field.label, words.name(field.value, 300)) for field in seen.fields))
    for warning in seen.warnings:
        yield Text(f"  ! {words.name(warning, 300).plain}", style="yellow")
    for sign, texts in (("□", seen.checklist), ("?", seen.questions), ("✎", seen.records)):
        for text in texts:
            yield Padding(words.name(f"{sign} {text}", 300), (0, 0, 0, 2))


def _missing(seen: RotationView) -> Iterator[RenderableType]:
    for key_id, points in seen.missing.items():
        yield Text(f"\nBefore the old secret {key_id} may go", style="bold")
        for point in points:
            yield words.name(f"  ⧗ {point}", 300)


def _history(seen: RotationView) -> RenderableType:
    table = words.grid()
    for _column in range(3):
        table.add_column(overflow="fold")
    for event in seen.events[-EVENTS:]:
        told = ", ".join(f"{name} {value}" for name, value in event.facts.items() if name not in {"rotation", "line"})
        table.add_row(Text(f"{event.at:%m-%d %H:%M}", style="dim"), event.what, words.name(told, 160))
    return table


def _next(seen: RotationView) -> str | None:
    ulid = seen.id.rpartition(".")[2]
    waiting = next((each for each in seen.deliveries if each.phase == "awaiting-person"), None)
    if waiting is not None:
        return f"rotation acknowledge {ulid} {waiting.destination}"
    approval = any(each.phase == "awaiting-approval" for each in seen.deliveries)
    if approval or (seen.phase == "planned" and seen.says == "waits for an approval"):
        return f"rotation approve {ulid}"
    if seen.phase == "blocked" or any(each.phase == "blocked" for each in seen.deliveries):
        return f"mend the cause, then rotation retry {ulid}"
    return None


def preview(seen: Preview, now: datetime) -> Iterator[RenderableType]:
    """What enrolling would mean."""
    enrolment = seen.enrolment
    yield words.name(seen.application.display_name)
    yield Text(f"object id {seen.application.object_id}", style="dim")
    owners = ", ".join(owner.mail or owner.display_name for owner in seen.owners) or "nobody owns it"
    yield words.facts_table(
        ("policy", seen.policy.name),
        ("owners", words.name(owners, 300)),
        ("vault secret", f"{enrolment.vault_url.rstrip('/')}/secrets/{enrolment.secret_name}"),
        ("description", words.name(enrolment.description)),
        ("destinations", ", ".join(each.name for each in enrolment.destinations) or "none"),
        ("read by", ", ".join(enrolment.readers) or "nobody is named"),
    )
    yield from _secrets(seen, now)
    for warning in seen.warnings:
        yield Text(f"! {words.name(warning, 300).plain}", style="yellow")
    for refusal in seen.refusals:
        yield Text(f"✕ {words.name(refusal, 400).plain}", style="bold red")
    if not seen.refusals:
        yield Text("✓ Nothing stands against it.", style="green")


def _secrets(seen: Preview, now: datetime) -> Iterator[RenderableType]:
    table = words.grid("key id", "hint", "ends", "becomes")
    for secret in seen.handed_over:
        table.add_row(secret.key_id, f"{secret.hint or '?'}…", words.day(secret.end_at, now), "handed over")
    for secret in seen.foreign:
        table.add_row(secret.key_id, f"{secret.hint or '?'}…", words.day(secret.end_at, now), "stays foreign")
    if table.row_count:
        yield table
        yield Text("Handed over: removed once the new one is proven, delivered and the old one silent.", style="dim")


def compromise(seen: ApplicationView, now: datetime, *, line: str, burnt: Collection[str]) -> Iterator[RenderableType]:
    """What a declared compromise would hit: burnt secrets, places that hold them, and foreign secrets beside them."""
    yield words.name(seen.name)
    table = words.grid("key id", "ends", "")
    for secret in seen.secrets:
        is_burnt = secret.key_id in burnt
        whose = "burnt: removed" if is_burnt else secret.line or "foreign: who added it?"
        style = "bold red" if is_burnt else "" if secret.line else "yellow"
        table.add_row(secret.key_id, words.tall_day(secret.ends_at, now), Text(whose, style=style))
    yield table
    places = [name for each in seen.lines if each.line == line for name in each.destinations]
    told = ", ".join(places) or "none is known"
    yield Text(f"These hold the line's secret, go dark without it, and need the new one: {told}")
