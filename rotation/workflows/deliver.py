"""
Carry one delivery forward, under the lease of its destination.

Destinations never wait for each other. Before a delivery is repeated the destination is asked what it holds; whoever
ends a delivery wakes its rotation.
"""

import logging
from dataclasses import replace
from datetime import datetime

from rotation.domain.delivery import (
    AwaitingApproval,
    AwaitingPerson,
    Cancelled,
    Cause,
    DeliveryBlocked,
    Pending,
    Sent,
    Verified,
)
from rotation.domain.errors import Contested, NeedsPerson, NotFound, OutcomeUnknown, Retryable, RotationError
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.rotation import PUBLISHED, Rotation
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.fence import Fence
from rotation.workflows.backing_off import back_off, too_long
from rotation.workflows.contesting import contest
from rotation.workflows.delivery_brakes import approved
from rotation.workflows.delivery_notices import approval_notice, overdue_notice, stopped_notice
from rotation.workflows.dispatch import LOOK_AT_PEOPLE, Dispatch, look_at_person
from rotation.workflows.errand import Errand, errand_of, take_destination
from rotation.workflows.nudge import nudge_delivery, nudge_rotation
from rotation.workflows.outcome import cause_at
from rotation.workflows.services import Services
from rotation.workflows.waiting import Wait, until_next_look

log = logging.getLogger(__name__)

OF_SOMEBODY_ELSE = frozenset({"newer-is-there", "destination-name-taken"})
"""Refusals that, where we had delivered before, say that somebody else is at work there."""


async def advance(services: Services, rotation_id: RotationId, name: DestinationName) -> None:
    """
    Carry a delivery forward as far as it goes now, and write when to look again.

    Raises:
        LeaseHeld: Somebody else is at this destination; the delivery's wake stands.
        Superseded: The delivery was cancelled or taken over meanwhile.
    """
    rotation = await ledger.rotation(services.tables, rotation_id)
    if rotation is None:
        return
    fence = await take_destination(services, rotation, name)
    try:
        wait = await _advance(services, fence, rotation_id, name=name)
    finally:
        await fence.release(services.clock.now())
    if wait is not None and (delay := await until_next_look(services, wait)) is not None:
        await nudge_delivery(services, rotation_id, name, delay=delay)


async def _advance(services: Services, fence: Fence, rotation_id: RotationId, *, name: DestinationName) -> Wait | None:
    now = services.clock.now()
    wake = await services.wakes.set(rotation_id, now + services.timing.lease, destination=name)
    record = await ledger.read(services.tables, rotation_id.application)
    errand = await errand_of(services, fence, record, rotation_id=rotation_id, name=name)
    if errand is None and _may_be_planned(record, rotation_id):
        look_at = now + services.timing.paused_recheck
        return Wait(rotation=rotation_id, look_at=look_at, etag=wake, destination=name)
    if errand is None or errand.delivery.ended:
        await services.wakes.drop(rotation_id, etag=wake, destination=name)
        await wake_rotation(services, rotation_id)
        return None
    look_at = await _carry(errand)
    await _on_with_the_others(errand)
    return await _settle(errand, look_at, wake)


def _may_be_planned(record: ApplicationRecord, rotation_id: RotationId) -> bool:
    """Tell whether the delivery may still be on its way: its wake is written before it is."""
    rotation = record.rotations.get(rotation_id.ulid)
    return rotation is not None and rotation.line in record.lines and isinstance(rotation.working, PUBLISHED)


async def _settle(errand: Errand, look_at: datetime, wake: str) -> Wait | None:
    services, rotation_id, name = errand.services, errand.rotation.id, errand.delivery.destination
    if errand.delivery.ended:
        await services.wakes.drop(rotation_id, etag=wake, destination=name)
        await wake_rotation(services, rotation_id)
        return None
    phase = errand.delivery.phase
    if isinstance(phase, AwaitingApproval | AwaitingPerson | DeliveryBlocked):
        await wake_rotation(services, rotation_id)
    if isinstance(phase, DeliveryBlocked) and phase.reason == Contested.reason:
        await contest(services, errand.line.id, phase.detail)
    return Wait(rotation=rotation_id, look_at=look_at, etag=wake, destination=name)


async def _on_with_the_others(errand: Errand) -> None:
    """When a delivery that was tried again gets on, let others go on that stopped there for the same reason."""
    delivery, control = errand.delivery, errand.services.control
    if not delivery.resumed_from or not isinstance(delivery.phase, Verified | AwaitingPerson):
        return
    cause = cause_at(delivery.destination, delivery.resumed_from)
    await control.audit(errand.now, errand.services.ulids.make(), "cause.gone", reason=cause)
    await control.resuming.change(lambda before: (*(each for each in before if each != cause), cause))
    await errand.save(delivery.phase, delivery=replace(delivery, resumed_from=""))


async def wake_rotation(services: Services, rotation_id: RotationId) -> None:
    """Let the rotation look at its deliveries now."""
    rotation = await ledger.rotation(services.tables, rotation_id)
    if rotation is not None:
        await services.wakes.set(rotation_id, services.clock.now())
        await nudge_rotation(services, rotation_id)


async def _carry(errand: Errand) -> datetime:
    try:
        return await _phase(errand)
    except (Retryable, OutcomeUnknown) as error:
        return await _again(errand, error)
    except (NeedsPerson, NotFound) as error:
        await _block(errand, error)
        return errand.now + LOOK_AT_PEOPLE


async def _phase(errand: Errand) -> datetime:
    destination, publication = errand.destination, errand.rotation.publication
    if (why := _idle(errand)) is not None or destination is None or publication is None:
        await errand.save(Cancelled(why=why or "no longer configured", at=errand.now))
        return errand.now
    if isinstance(errand.delivery.phase, Pending | Sent) and not approved(errand, destination):
        changed = replace(errand.delivery, fingerprint=destination.fingerprint, approved_by=None)
        why = "it is new or has changed since it was approved"
        asked = approval_notice(errand, why)
        await errand.save(AwaitingApproval(why=why, since=errand.now), delivery=changed, outbox=asked)
        return errand.now + LOOK_AT_PEOPLE
    match errand.delivery.phase:
        case Pending():
            return await Dispatch(errand, destination, publication).send()
        case Sent():
            return await Dispatch(errand, destination, publication).look()
        case AwaitingPerson() as waiting:
            return await _await(errand, waiting)
        case _:
            return errand.now + LOOK_AT_PEOPLE


async def _await(errand: Errand, waiting: AwaitingPerson) -> datetime:
    """Wait for a person; tell once that it is overdue."""
    if waiting.deadline <= errand.now and waiting.overdue_told_at is None:
        told = replace(waiting, overdue_told_at=errand.now)
        await errand.save(told, outbox=overdue_notice(errand, waiting))
    return look_at_person(waiting, errand.now)


def _idle(errand: Errand) -> str | None:
    """Tell why this delivery serves nobody any more; what heals does, after its rotation has ended too."""
    cause = errand.delivery.cause
    if cause is Cause.BACK:
        held = errand.pin is not None and errand.pin.version == errand.delivery.version
        return None if held else "nobody wants it to go back any more"
    if not errand.rotation.open and cause is not Cause.HEAL:
        return "its rotation has ended"
    if errand.line.current != errand.delivery.key_id:
        return "a newer secret is published"
    return None


async def _again(errand: Errand, error: Retryable | OutcomeUnknown) -> datetime:
    """Try again later, and look first; what never answers stops as what always fails."""
    now, delivery, timing = errand.now, errand.delivery, errand.services.timing
    if too_long(delivery.failing_since, now, timing.phase_deadline):
        await _block(errand, NeedsPerson(f"still {error.reason}: {error.message}", reason="gave-up"))
        return now + LOOK_AT_PEOPLE
    await errand.save(delivery.phase, delivery=delivery.retried(now))
    if isinstance(error, OutcomeUnknown):
        return now + max(timing.look_spacing, back_off(delivery.tries))
    return now + (error.retry_after or back_off(delivery.tries))


async def _block(errand: Errand, error: RotationError) -> None:
    somebody_else = errand.delivery.cause is Cause.HEAL and error.reason in OF_SOMEBODY_ELSE
    reason = Contested.reason if somebody_else else error.reason
    blocked = DeliveryBlocked(reason=reason, detail=error.message[:1000], since=errand.now)
    known = errand.delivery.resumed_from == reason
    await errand.save(blocked, outbox=() if known else stopped_notice(errand, blocked))


async def give_up(services: Services, rotation: Rotation, name: DestinationName) -> None:
    """Record Blocked(`gave-up`) for a delivery whose message failed as often as it may, and look at it daily."""
    fence = await take_destination(services, rotation, name)
    try:
        now = services.clock.now()
        wake = await services.wakes.set(rotation.id, now + services.timing.lease, destination=name)
        record = await ledger.read(services.tables, rotation.id.application)
        errand = await errand_of(services, fence, record, rotation_id=rotation.id, name=name)
        stopped = errand is None or errand.delivery.ended or isinstance(errand.delivery.phase, DeliveryBlocked)
        if errand is not None and not stopped:
            await _block(errand, NeedsPerson("its step crashed as often as it may be tried", reason="gave-up"))
        await services.wakes.later(rotation.id, now + LOOK_AT_PEOPLE, etag=wake, destination=name)
    finally:
        await fence.release(services.clock.now())
    await wake_rotation(services, rotation.id)
