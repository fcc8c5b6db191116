"""
Stop a line at which somebody else is at work, until a person has said who it is (protocol.md, Contested).

What we did is done again once; the second time no rotation of the line is opened any more. No night lifts that: a
person does, with `rotation retry`, or by releasing the line.
"""

import logging
from collections.abc import Collection
from dataclasses import replace

from rotation.domain.delivery import Delivery, DeliveryBlocked
from rotation.domain.errors import Contested, LeaseHeld, Superseded
from rotation.domain.identifiers import DestinationName, LineId, RotationId
from rotation.domain.line import Line, LineBlock
from rotation.ledger import application as ledger
from rotation.ledger.lines import index
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services
from rotation.workflows.step import Event, Step

log = logging.getLogger(__name__)

BY_PERSONS = frozenset({Contested.reason, "drifted", "went-back"})
"""What stopped a delivery on purpose: no night lets it go on by itself."""


async def contest(services: Services, line_id: LineId, seen: str) -> bool:
    """
    Block a line, saying what was *seen*; tell whether it is blocked now.

    Where somebody works on the application at this moment it is not: the next night's look does it.
    """
    try:
        fence = await take_application(services, RotationId(line_id.application, services.ulids.make()))
    except LeaseHeld:
        return False
    try:
        record = await ledger.read(services.tables, line_id.application)
        line = record.lines.get(line_id.name)
        if line is None or is_contested(line):
            return line is not None
        now = services.clock.now()
        blocked = LineBlock(reason=Contested.reason, detail=seen[:1000], since=now, seen_at=now)
        line = replace(line, blocked=blocked)
        facts = {"line": line_id.name, "reason": blocked.reason, "detail": blocked.detail}
        event = ledger.put_event(now, services.ulids.make(), what="line.blocked", facts=facts)
        await fence.commit([ledger.put_line(line), event], now=now)
        log.warning("line.blocked", extra={"line": str(line_id), "reason": blocked.reason})
        record.lines[line_id.name] = line
        await services.lines.put(index(line, record, record.rotations.get(line.latest or "")))
    except Superseded:
        log.info("contested.later", extra={"line": str(line_id)})
        return False
    finally:
        await fence.release(services.clock.now())
    return True


def is_contested(line: Line) -> bool:
    """Tell whether a line is stopped because somebody else is at work."""
    return line.blocked is not None and line.blocked.reason == Contested.reason


async def lift_contested(step: Step, *, by: str) -> Collection[tuple[RotationId, DestinationName]] | None:
    """
    Let the line of a person's rotation be rotated again, and what we did be done again once more.

    Returns:
        The deliveries that stopped with it, which go on; None where the line is not contested.
    """
    line = step.record.lines.get(step.rotation.line)
    if line is None or not is_contested(line):
        return None
    freed = replace(line, blocked=None, repeated=False)
    await step.save(line=freed, events=[Event(what="contested.lifted", facts={"by": by})])
    return {
        (stored.delivery.rotation, stored.delivery.destination)
        for stored in step.record.deliveries.values()
        if contested_at(stored.delivery, line)
    }


def contested_at(delivery: Delivery, line: Line) -> bool:
    """Tell whether a delivery of what is current stopped because somebody else is at work."""
    phase = delivery.phase
    found = isinstance(phase, DeliveryBlocked) and phase.reason == Contested.reason
    return found and delivery.line == line.id.name and delivery.key_id == line.current
