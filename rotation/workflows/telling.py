"""Tell a rotation, its deliveries and its history in the words of ux.md."""

from collections.abc import Mapping
from datetime import datetime

from rotation.domain.delivery import (
    Acknowledged,
    AwaitingApproval,
    AwaitingPerson,
    Cancelled,
    Delivery,
    DeliveryBlocked,
    Verified,
)
from rotation.domain.identifiers import RotationId
from rotation.domain.rotation import Blocked, Overlapping, Planned, Retiring, Rotation
from rotation.ledger.application import ApplicationRecord
from rotation.ports.tables import Row
from rotation.workflows.previewing import Preview
from rotation.workflows.views import DeliveryView, EventView, RotationView

JOURNEY = (
    "planned",
    "minting",
    "staged",
    "proven",
    "published",
    "delivering",
    "overlapping",
    "retiring",
    "completed",
)


def concerns(row: Row, rotation_id: RotationId) -> bool:
    """Tell whether a line of history is about this rotation."""
    return row.values.get("rotation") in {rotation_id.ulid, str(rotation_id)}


def event(row: Row) -> EventView:
    """Show one line of history."""
    at = row.values["at"]
    assert isinstance(at, datetime)
    told = {name: str(value) for name, value in row.values.items() if name not in {"at", "what"}}
    return EventView(at=at, what=str(row.values["what"]), facts=told)


def rotation_view(found: Rotation, record: ApplicationRecord, events: tuple[EventView, ...] = ()) -> RotationView:
    """Show a rotation as its row has it."""
    deliveries = record.deliveries_of(found.id.ulid).items()
    return RotationView(
        id=str(found.id),
        application=found.id.application,
        name=found.application_name,
        line=found.line,
        reason=found.reason,
        asked_by=found.asked_by,
        opened_at=found.opened_at,
        phase=found.phase.phase,
        since=found.phase_since,
        open=found.open,
        says=_story(found),
        journey=_journey(found),
        key_id=found.minted.key_id if found.minted else None,
        ends_at=found.minted.end_at if found.minted else None,
        predecessors=tuple(found.predecessors),
        deliveries=tuple(delivery_view(name, stored.delivery) for name, stored in sorted(deliveries)),
        missing=_missing(found),
        events=events,
    )


def _missing(found: Rotation) -> Mapping[str, tuple[str, ...]]:
    phase = found.working
    return dict(phase.missing) if isinstance(phase, Overlapping) else {}


def _journey(found: Rotation) -> tuple[tuple[str, str], ...]:
    at = found.working.phase if found.working else found.phase.phase
    here = JOURNEY.index(at) if at in JOURNEY else -1
    steps = []
    for place, name in enumerate(JOURNEY):
        ahead = "ahead" if here >= 0 else "not-taken"
        done = "done" if place < here or at == "completed" else "now" if place == here else ahead
        steps.append((name, done))
    return tuple(steps)


def _story(found: Rotation) -> str:
    match found.phase:
        case Blocked(reason=reason, detail=detail):
            return f"stopped ({reason}): {detail}"
        case Planned(needs_approval=True, approved_by=None):
            return "waits for an approval"
        case Overlapping():
            return "both secrets work; the old one waits for evidence"
        case Retiring(key_id=key_id):
            return f"removing the old secret {key_id}"
        case phase:
            return phase.phase


def delivery_view(name: str, delivery: Delivery) -> DeliveryView:
    """Show a delivery as its row has it."""
    phase, level, deadline, hand_off = delivery.phase, "", None, None
    match phase:
        case Verified(verdict=verdict):
            level = verdict.level.name.lower() if verdict.level else ""
            says = f"verified: {level}" if level else "verified"
        case AwaitingPerson():
            says, deadline, hand_off = phase.hand_off.title, phase.deadline, phase.hand_off
        case AwaitingApproval(why=why) | Cancelled(why=why):
            says = why
        case Acknowledged(by=by):
            says = f"acknowledged by {by}, not yet seen"
        case DeliveryBlocked(reason=reason, detail=detail):
            says = f"stopped ({reason}): {detail}"
        case _:
            says = phase.phase
    return DeliveryView(
        destination=name,
        phase=phase.phase,
        says=says,
        since=delivery.since,
        level=level,
        deadline=deadline,
        hand_off=hand_off,
    )


def preview_told(seen: Preview) -> Mapping[str, object]:
    """Tell what enrolling would mean, without the whole policy."""
    application = seen.application
    return {
        "application": application.object_id,
        "client_id": application.client_id,
        "name": application.display_name,
        "policy": seen.policy.name,
        "line": seen.entry.name,
        "terms": seen.entry.terms,
        "enrolment": seen.enrolment,
        "handed_over": seen.handed_over,
        "foreign": seen.foreign,
        "owners": seen.owners,
        "roles": seen.roles,
        "warnings": seen.warnings,
        "refusals": seen.refusals,
    }
