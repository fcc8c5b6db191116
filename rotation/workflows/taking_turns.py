"""
Let deliveries to one shared resource take turns (protocol.md, Leases).

Where a destination can only be written whole, two deliveries at once would lose one of the two values. The lease on the
resource is held over read, write, activate and read again; who has to wait is nudged by whoever lets go, and comes by
itself when the lease has ended, whatever became of its holder.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rotation.domain.errors import LeaseHeld, Retryable, StaleRecord
from rotation.domain.identifiers import DestinationName, ObjectId, RotationId
from rotation.domain.policy import Destination
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Place
from rotation.ledger.turns import Turn, wait
from rotation.workflows.errand import Errand
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

ROUNDS = 5


@asynccontextmanager
async def turn_at(errand: Errand, destination: Destination) -> AsyncIterator[Turn | None]:
    """
    Hold what *destination* writes whole; None where it shares nothing.

    Raises:
        LeaseHeld: Another delivery is at it. This one is on its waiting list, or comes when the lease has ended.
    """
    if destination.resource is None:
        yield None
        return
    place = Place(table=keys.LEASES, partition=destination.kind, key=keys.resource(destination.resource))
    turn = await _take(errand, place)
    try:
        yield turn
    finally:
        await _hand_on(errand, turn)


async def _take(errand: Errand, place: Place) -> Turn:
    services = errand.services
    claim = Claim(owner=services.worker, token=services.ulids.make(), length=services.timing.lease)
    held = LeaseHeld("others are quicker, again and again", until=errand.now + services.timing.lease, row=place.key)
    for _round in range(ROUNDS):
        try:
            return await Turn.take(services.tables, place, claim=claim, now=errand.now)
        except LeaseHeld as error:
            held = error
        except StaleRecord:
            continue
        if await wait(services.tables, place, _name(errand), now=errand.now):
            break
    raise held


async def _hand_on(errand: Errand, turn: Turn) -> None:
    """Let go and tell those who wait; what fails here costs them no more than the rest of the lease."""
    try:
        for name in await turn.hand_on(errand.now):
            if name != _name(errand):
                await _call(errand.services, name)
    except Retryable as error:
        log.warning("turn.not-handed-on", extra={"reason": error.reason})


async def _call(services: Services, name: str) -> None:
    application, ulid, destination = name.split("|")
    rotation, to = RotationId(ObjectId(application), ulid), DestinationName(destination)
    await services.wakes.set(rotation, services.clock.now(), destination=to)
    await nudge_delivery(services, rotation, to)


def _name(errand: Errand) -> str:
    return keys.delivery_wake(errand.rotation.id, errand.delivery.destination)
