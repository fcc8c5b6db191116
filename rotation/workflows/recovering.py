"""Each minute: nudge whatever waits, so that a message that was lost costs a minute and not a rotation."""

import logging

from rotation.domain.errors import NeedsPerson, NotFound
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.messages import UnreadableMessage, read_delivery, read_notice, read_rotation, read_scan
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ledger.scans import Scans
from rotation.ports.notices import Item, Message
from rotation.workflows import deliver, nudge, rotate
from rotation.workflows.night import open_due
from rotation.workflows.resuming import on_with
from rotation.workflows.services import Services
from rotation.workflows.step import Step

log = logging.getLogger(__name__)


async def recover(services: Services) -> None:
    """Read what is due in wakes, notices and scans, nudge it, and go on with tonight's opening."""
    now = services.clock.now()
    nudged = 0
    async for wake in services.wakes.due(now):
        if wake.destination is None:
            await nudge.nudge_rotation(services, wake.rotation)
        else:
            await nudge.nudge_delivery(services, wake.rotation, wake.destination)
        later = now + services.timing.lease
        await services.wakes.later(wake.rotation, later, etag=wake.etag, destination=wake.destination)
        nudged += 1
    async for key in services.notices.due(now):
        await nudge.nudge_notice(services, key)
    for scan in await Scans(services.tables).unfinished(now - services.timing.scan_silent):
        await nudge.nudge_scan(services, scan.id)
    await on_with(services)
    await open_due(services)
    log.info("recover.done", extra={"nudged": nudged})


async def gave_up(services: Services, queue: str, text: str) -> None:
    """Record that a message failed as often as it may: Blocked(`gave-up`), and a person is told."""
    try:
        await _gave_up(services, queue, text)
    except UnreadableMessage as error:
        await unreadable(services, queue, text, reason=error.message)


async def _gave_up(services: Services, queue: str, text: str) -> None:
    match queue:
        case keys.QUEUE_ROTATIONS:
            await _block_rotation(services, read_rotation(text))
        case keys.QUEUE_DELIVERIES:
            rotation, destination = read_delivery(text)
            await _block_delivery(services, rotation, destination)
        case keys.QUEUE_SCANS:
            await _tell(services, queue, text, why=f"scan {read_scan(text).scan} failed again and again")
        case _:
            await _tell(services, queue, text, why=f"notice {read_notice(text)} failed again and again")


async def unreadable(services: Services, queue: str, text: str, *, reason: str) -> None:
    """Keep the reason why a message cannot be read: its poison copy carries none (platform.md D2)."""
    await _tell(services, queue, text, why=f"a message in queue {queue} cannot be read: {reason}")


async def _tell(services: Services, queue: str, text: str, *, why: str) -> None:
    configuration = await services.configurations.current()
    now = services.clock.now()
    item = Item(state="blocked", subject=f"queue {queue}", text=f"{why}. Message: {text[:300]}")
    message = Message(title="Rotation: a message could not be worked on", summary=why, items=(item,))
    key = f"message-{keys.foreign(queue + text)[:150]}"
    notice = Notice(kind="message-given-up", audience=configuration.fallback_audience, message=message, created_at=now)
    if await services.notices.put(key, notice):
        await services.control.audit(now, services.ulids.make(), "message.given-up", queue=queue, why=why)
        await nudge.nudge_notice(services, key)


async def _block_rotation(services: Services, rotation_id: RotationId) -> None:
    """Record Blocked(`gave-up`), unless it has got on meanwhile; a held lease means that somebody works on it."""
    error = NeedsPerson("its step crashed as often as it may be tried", reason="gave-up")
    fence = await rotate.take_application(services, rotation_id)
    try:
        record = await ledger.read(services.tables, rotation_id.application)
        rotation = record.rotations.get(rotation_id.ulid)
        if rotation is None:
            raise NotFound(f"there is no rotation {rotation_id}")
        if rotation.open:
            configuration = await services.configurations.current()
            step = Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
            await rotate.block(step, error)
            await rotate.write_index(step)
    finally:
        await fence.release(services.clock.now())


async def _block_delivery(services: Services, rotation_id: RotationId, name: DestinationName) -> None:
    rotation = await ledger.rotation(services.tables, rotation_id)
    if rotation is None:
        raise NotFound(f"there is no rotation {rotation_id}")
    await deliver.give_up(services, rotation, name)
