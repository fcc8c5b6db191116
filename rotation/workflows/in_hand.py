"""Take a rotation in hand, as a person does: under the lease of its application; and wake it afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rotation.domain.identifiers import RotationId
from rotation.ledger import application as ledger
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services
from rotation.workflows.step import Step


@asynccontextmanager
async def in_hand(services: Services, rotation_id: RotationId) -> AsyncIterator[Step]:
    """
    Hold a rotation while a person's word about it is written.

    Its wake is set first, as before every step: a terminal that dies after the word leaves it to be looked at.

    Raises:
        NotFound: There is no such rotation.
        LeaseHeld: Somebody works on its application now.
    """
    await ledger.known_rotation(services.tables, rotation_id)
    fence = await take_application(services, rotation_id)
    try:
        record = await ledger.read(services.tables, rotation_id.application)
        configuration = await services.configurations.current()
        rotation = record.rotations[rotation_id.ulid]
        await services.wakes.set(rotation_id, services.clock.now() + services.timing.lease)
        yield Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
    finally:
        await fence.release(services.clock.now())


async def wake(services: Services, rotation_id: RotationId) -> None:
    """Let it be looked at now."""
    await services.wakes.set(rotation_id, services.clock.now())
    await nudge_rotation(services, rotation_id)
