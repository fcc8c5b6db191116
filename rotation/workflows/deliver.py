"""
Carry one delivery forward, under the lease of its destination.

Destinations never wait for each other. Before a delivery is repeated the destination is asked what it holds; whoever
ends a delivery wakes its rotation.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.delivery import (
    AwaitingApproval,
    AwaitingPerson,
    Cancelled,
    DeliveryBlocked,
    DeliveryMode,
    DeliveryPhase,
    Found,
    Holding,
    Level,
    Pending,
    Sent,
    Shipment,
    Verdict,
    Verified,
)
from rotation.domain.errors import NeedsPerson, NotFound, OutcomeUnknown, Retryable, RotationError
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.policy import Destination
from rotation.domain.rotation import PUBLISHED, Publication, Rotation
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.fence import Fence
from rotation.ports.integration import Integration
from rotation.workflows.delivery_brakes import approved, held
from rotation.workflows.delivery_notices import hand_off_notice, stopped_notice
from rotation.workflows.errand import Errand, errand_of, ship, take_destination
from rotation.workflows.nudge import nudge_delivery, nudge_rotation
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

BACK_OFF_LIMIT = timedelta(hours=1)
LOOK_AT_PEOPLE = timedelta(days=1)


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
        await _advance(services, fence, rotation_id, name=name)
    finally:
        await fence.release(services.clock.now())


async def _advance(services: Services, fence: Fence, rotation_id: RotationId, *, name: DestinationName) -> None:
    now = services.clock.now()
    wake = await services.wakes.set(rotation_id, now + services.timing.lease, destination=name)
    record = await ledger.read(services.tables, rotation_id.application)
    errand = await errand_of(services, fence, record, rotation_id=rotation_id, name=name)
    if errand is None and _may_be_planned(record, rotation_id):
        await services.wakes.later(rotation_id, now + services.timing.paused_recheck, etag=wake, destination=name)
        return
    if errand is None or errand.delivery.ended:
        await services.wakes.drop(rotation_id, etag=wake, destination=name)
        await wake_rotation(services, rotation_id)
        return
    look_at = await _carry(errand)
    await _settle(errand, look_at, wake)


def _may_be_planned(record: ApplicationRecord, rotation_id: RotationId) -> bool:
    """Tell whether the delivery may still be on its way: its wake is written before it is."""
    rotation = record.rotations.get(rotation_id.ulid)
    return rotation is not None and rotation.line in record.lines and isinstance(rotation.working, PUBLISHED)


async def _settle(errand: Errand, look_at: datetime, wake: str) -> None:
    services, rotation_id, name = errand.services, errand.rotation.id, errand.delivery.destination
    if errand.delivery.ended:
        await services.wakes.drop(rotation_id, etag=wake, destination=name)
        await wake_rotation(services, rotation_id)
        return
    await services.wakes.later(rotation_id, look_at, etag=wake, destination=name)
    delay = look_at - services.clock.now()
    if delay < services.timing.nudge_within:
        await nudge_delivery(services, rotation_id, name, delay=max(delay, timedelta(0)))
    if isinstance(errand.delivery.phase, AwaitingApproval | AwaitingPerson | DeliveryBlocked):
        await wake_rotation(services, rotation_id)


async def wake_rotation(services: Services, rotation_id: RotationId) -> None:
    """Let the rotation look at its deliveries now."""
    rotation = await ledger.rotation(services.tables, rotation_id)
    if rotation is not None:
        await services.wakes.set(rotation_id, services.clock.now())
        await nudge_rotation(services, rotation_id)


async def _carry(errand: Errand) -> datetime:
    try:
        return await _phase(errand)
    except Retryable as error:
        return await _again(errand, error)
    except OutcomeUnknown:
        return errand.now + errand.services.timing.look_spacing
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
        await errand.save(AwaitingApproval(why=why, since=errand.now), delivery=changed)
        return errand.now + LOOK_AT_PEOPLE
    match errand.delivery.phase:
        case Pending():
            return await _send(errand, destination, publication)
        case Sent():
            return await _verify(errand, destination, publication)
        case _:
            return errand.now + LOOK_AT_PEOPLE


def _idle(errand: Errand) -> str | None:
    """Tell why this delivery serves nobody any more."""
    if not errand.rotation.open:
        return "its rotation has ended"
    if errand.line.current != errand.delivery.key_id:
        return "a newer secret is published"
    return None


async def _send(errand: Errand, destination: Destination, publication: Publication) -> datetime:
    if (until := await held(errand, destination)) is not None:
        return until
    integration = errand.services.integrations.of(destination)
    shipment = ship(errand, publication)
    if integration.capabilities.mode is DeliveryMode.ASSISTED:
        return await _hand_off(errand, integration, destination, shipment=shipment)
    return await _deliver(errand, integration, destination, shipment=shipment)


async def _hand_off(
    errand: Errand, integration: Integration, destination: Destination, *, shipment: Shipment
) -> datetime:
    hand_off = integration.hand_off(destination, shipment)
    if hand_off is None:
        raise NeedsPerson(f"{destination.kind} gave no steps for a person", reason="no-hand-off")
    deadline = hand_off_deadline(shipment.previous_end_at, errand.now)
    waiting = AwaitingPerson(hand_off=hand_off, since=errand.now, deadline=deadline)
    await errand.save(waiting, outbox=hand_off_notice(errand, waiting))
    return errand.now + LOOK_AT_PEOPLE


def hand_off_deadline(previous_end_at: datetime | None, now: datetime) -> datetime:
    """Give the day by which a person should have acted: a week before the old one ends, else one working day."""
    tomorrow = now + timedelta(days=1)
    while tomorrow.weekday() >= SATURDAY:
        tomorrow += timedelta(days=1)
    return max(previous_end_at - timedelta(days=7), tomorrow) if previous_end_at else tomorrow


SATURDAY = 5


async def _deliver(
    errand: Errand, integration: Integration, destination: Destination, *, shipment: Shipment
) -> datetime:
    text = await errand.services.vaults.at(shipment.vault_url).read(shipment.secret_name, shipment.version)
    verdict = await integration.verify(destination, shipment, text)
    if verdict.found is Found.CURRENT:
        await _verified(errand, verdict)
        return errand.now
    await errand.save(Pending())
    await errand.fence.ready(errand.now)
    receipt = await integration.deliver(destination, shipment, text)
    await errand.save(Sent(receipt=receipt, sent_at=errand.now))
    return await _verified_there(errand, integration, destination, shipment=shipment)


async def _verify(errand: Errand, destination: Destination, publication: Publication) -> datetime:
    integration = errand.services.integrations.of(destination)
    return await _verified_there(errand, integration, destination, shipment=ship(errand, publication))


async def _verified_there(
    errand: Errand, integration: Integration, destination: Destination, *, shipment: Shipment
) -> datetime:
    text = await errand.services.vaults.at(shipment.vault_url).read(shipment.secret_name, shipment.version)
    verdict = await integration.verify(destination, shipment, text)
    match verdict.found:
        case Found.CURRENT:
            await _verified(errand, verdict)
        case Found.UNKNOWABLE:
            await _verified(errand, replace(verdict, level=verdict.level or Level.ACCEPTED))
        case Found.OLDER | Found.ABSENT:
            return await _not_there_yet(errand, verdict)
    return errand.now


async def _not_there_yet(errand: Errand, verdict: Verdict) -> datetime:
    """Wait a little for a store that is slow to show it, then send again; not for ever."""
    counted = errand.delivery.retried(errand.now)
    if _too_long(errand):
        raise NeedsPerson(f"it does not show what was delivered: {verdict.found}. {verdict.why}", reason="not-stored")
    tries = counted.tries
    phase: DeliveryPhase = errand.delivery.phase if tries % 4 else Pending()
    await errand.save(phase, delivery=counted)
    log.info("delivery.not-there-yet", extra={"found": verdict.found, "why": verdict.why})
    return errand.now + _back_off(tries)


async def _verified(errand: Errand, verdict: Verdict) -> None:
    now, delivery = errand.now, errand.delivery
    publication = errand.rotation.publication
    holding = Holding(
        line=delivery.line,
        destination=delivery.destination,
        key_id=delivery.key_id,
        version=delivery.version,
        end_at=publication.minted.end_at if publication else None,
        verified_at=now,
        level=verdict.level,
    )
    first = replace(delivery, first_verified_at=delivery.first_verified_at or now)
    await errand.save(Verified(verdict=verdict, at=now), delivery=first, holding=holding)


def _back_off(tries: int) -> timedelta:
    return min(timedelta(seconds=2 << min(tries, 12)), BACK_OFF_LIMIT)


async def _again(errand: Errand, error: Retryable) -> datetime:
    now, delivery = errand.now, errand.delivery
    if _too_long(errand):
        await _block(errand, NeedsPerson(f"still {error.reason}: {error.message}", reason="gave-up"))
        return now + LOOK_AT_PEOPLE
    await errand.save(delivery.phase, delivery=delivery.retried(now))
    return now + (error.retry_after or _back_off(delivery.tries))


def _too_long(errand: Errand) -> bool:
    since = errand.delivery.failing_since
    return since is not None and errand.now - since > errand.services.timing.phase_deadline


async def _block(errand: Errand, error: RotationError) -> None:
    blocked = DeliveryBlocked(reason=error.reason, detail=error.message[:1000], since=errand.now)
    await errand.save(blocked, outbox=stopped_notice(errand, blocked))


async def give_up(services: Services, rotation: Rotation, name: DestinationName) -> None:
    """Record Blocked(`gave-up`) for a delivery whose message failed as often as it may."""
    fence = await take_destination(services, rotation, name)
    try:
        record = await ledger.read(services.tables, rotation.id.application)
        errand = await errand_of(services, fence, record, rotation_id=rotation.id, name=name)
        if errand is not None and not errand.delivery.ended:
            await _block(errand, NeedsPerson("its step crashed as often as it may be tried", reason="gave-up"))
    finally:
        await fence.release(services.clock.now())
    await wake_rotation(services, rotation.id)
