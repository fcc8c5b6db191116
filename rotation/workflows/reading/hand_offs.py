"""The hand-offs that wait for a person, most urgent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.delivery import AwaitingPerson, HandOff
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.ledger import application as ledger
from rotation.workflows.services import Services

DELIVERING = "delivering"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingHandOff:
    """One form that a person has to fill in."""

    rotation: str
    application: str
    client_id: str
    name: str
    line: str
    destination: str
    since: datetime
    deadline: datetime
    overdue: bool
    form: HandOff


async def hand_offs(services: Services) -> Sequence[WaitingHandOff]:
    """List what waits for a person; reads the applications whose open rotation delivers, and no others."""
    lines = [line async for line in services.lines.all()]
    open_ones = [RotationId(line.id.application, line.open) for line in lines if line.open and line.phase == DELIVERING]
    found = [each for rotation_id in open_ones for each in await _of(services, rotation_id)]
    return sorted(found, key=lambda each: (each.deadline, each.name, each.destination))


async def hand_off(services: Services, rotation_id: RotationId, to: DestinationName | None = None) -> WaitingHandOff:
    """
    Give the one that waits in a rotation, or there to one destination.

    Raises:
        NotFound: None waits there (`not-open`).
        Refused: Several do, and none is named (`ambiguous`); the facts name them.
    """
    found = [each for each in await _of(services, rotation_id) if to is None or each.destination == to]
    if not found:
        where = f"rotation {rotation_id}{f' to {to}' if to else ''}"
        raise NotFound(f"no hand-off of {where} waits for a person", reason="not-open", rotation=str(rotation_id))
    if len(found) > 1:
        names = [each.destination for each in found]
        raise Refused(
            f"{len(found)} hand-offs of rotation {rotation_id} wait: {', '.join(names)}",
            reason="ambiguous",
            remedy=f"rotation handoffs {rotation_id.ulid} {names[0]}",
            destinations=names,
        )
    return found[0]


async def _of(services: Services, rotation_id: RotationId) -> list[WaitingHandOff]:
    record = await ledger.read(services.tables, rotation_id.application)
    rotation = record.rotations.get(rotation_id.ulid)
    if rotation is None:
        return []
    now = services.clock.now()
    return [
        WaitingHandOff(
            rotation=str(rotation_id),
            application=rotation_id.application,
            client_id=rotation.client_id,
            name=rotation.application_name,
            line=rotation.line,
            destination=name,
            since=phase.since,
            deadline=phase.deadline,
            overdue=phase.deadline < now,
            form=phase.hand_off,
        )
        for name, stored in sorted(record.deliveries_of(rotation_id.ulid).items())
        if isinstance(phase := stored.delivery.phase, AwaitingPerson)
    ]
