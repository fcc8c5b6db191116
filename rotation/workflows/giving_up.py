"""
Record what the host gave up on: Blocked(`gave-up`) or its like, and a person is told once.

A message is only a nudge. What it pointed to is recorded as stopped where it is; what cannot be recorded because
somebody works on it comes back to its poison queue when their lease has ended.
"""

import hashlib
import logging
from datetime import datetime, timedelta

from rotation.domain.errors import Misread, NeedsPerson
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.messages import UnreadableMessage, read_delivery, read_notice, read_rotation, read_scan
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ports.notices import Item, Message
from rotation.workflows import deliver, rotate, scanning, sending
from rotation.workflows.notices import alarm, tell_once
from rotation.workflows.services import Services
from rotation.workflows.step import Step

log = logging.getLogger(__name__)

CRASHED = "its step crashed as often as it may be tried"
AFTER_THEM = timedelta(seconds=5)
SHOWN = 300


async def gave_up(services: Services, queue: str, text: str) -> None:
    """
    Record that a message failed as often as it may.

    Raises:
        LeaseHeld: Somebody works on what it points to.
        NotFound: That is no more.
    """
    try:
        await _gave_up(services, queue, text)
    except (UnreadableMessage, Misread) as error:
        await unreadable(services, queue, text, reason=error.message)


async def _gave_up(services: Services, queue: str, text: str) -> None:
    match queue:
        case keys.QUEUE_ROTATIONS:
            await _block_rotation(services, read_rotation(text))
        case keys.QUEUE_DELIVERIES:
            rotation, destination = read_delivery(text)
            await _block_delivery(services, rotation, destination)
        case keys.QUEUE_SCANS:
            await scanning.give_up_scan(services, read_scan(text).scan, why=CRASHED)
        case _:
            await sending.give_up_notice(services, read_notice(text), why=CRASHED)


async def come_back(services: Services, queue: str, text: str, *, until: datetime) -> None:
    """Send it to its poison queue again, for when the lease that stands in the way has ended."""
    delay = max(until - services.clock.now(), timedelta(0)) + AFTER_THEM
    await services.queues.send(keys.poison_of(queue), text, delay=delay)


async def not_recorded(services: Services, queue: str, text: str, *, why: str) -> None:
    """Tell people of what could not be recorded: nobody reads the queue in which it would end."""
    told = f"a message that queue {queue} gave up on could not be recorded ({why}): {text[:SHOWN]}"
    await alarm(services, "poison-not-recorded", text=told)


async def unreadable(services: Services, queue: str, text: str, *, reason: str) -> None:
    """Keep the reason why a message cannot be read, once: its poison copy carries none (platform.md D2)."""
    why = f"a message in queue {queue} cannot be read: {reason}"
    item = Item(state="blocked", subject=f"queue {queue}", text=f"{why}. Message: {text[:SHOWN]}")
    message = Message(title="Rotation: a message could not be worked on", summary=why, items=(item,))
    configuration = await services.configurations.current()
    now = services.clock.now()
    audience = configuration.fallback_audience
    notice = Notice(kind="unreadable-message", audience=audience, message=message, created_at=now)
    subject = f"message-{hashlib.sha256(f'{queue}|{text}'.encode()).hexdigest()[:32]}"
    if await tell_once(services, subject, notice):
        await services.control.audit(now, services.ulids.make(), "message.given-up", queue=queue, why=why)


async def _block_rotation(services: Services, rotation_id: RotationId) -> None:
    """Record Blocked, unless it has got on meanwhile, and let it be looked at daily, not each minute."""
    await ledger.known_rotation(services.tables, rotation_id)
    fence = await rotate.take_application(services, rotation_id)
    try:
        etag = await services.wakes.set(rotation_id, services.clock.now() + services.timing.lease)
        record = await ledger.read(services.tables, rotation_id.application)
        configuration = await services.configurations.current()
        rotation = record.rotations[rotation_id.ulid]
        step = Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
        look_at = await _stop(step)
        await rotate.write_index(step)
        await services.wakes.later(rotation_id, look_at, etag=etag)
    finally:
        await fence.release(services.clock.now())


async def _stop(step: Step) -> datetime:
    tomorrow = step.now + step.services.timing.evidence_every
    if step.rotation.open:
        return await rotate.block(step, NeedsPerson(CRASHED, reason="gave-up"))
    ulid = step.rotation.id.ulid
    told = f"{step.rotation.application_name}: what its ended rotation {ulid} still owes crashed"
    text = f"{told} as often as it may be tried; it is tried again daily"
    await alarm(step.services, "gave-up", text=text, about=ulid)
    return tomorrow


async def _block_delivery(services: Services, rotation_id: RotationId, name: DestinationName) -> None:
    rotation = await ledger.known_rotation(services.tables, rotation_id)
    await deliver.give_up(services, rotation, name)
