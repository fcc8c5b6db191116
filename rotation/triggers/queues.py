"""
What begins by a message. Each queue has its function, and its poison queue has one of its own.

`@retry` does nothing for queues: host.json's `maxDequeueCount` counts, and counts crashes and bugs only (protocol.md).
"""

from typing import TYPE_CHECKING

import azure.functions as func

from rotation.ledger import keys
from rotation.triggers.boundary import message, poison
from rotation.triggers.composed import services

if TYPE_CHECKING:
    from rotation.workflows.services import Services

queues = func.Blueprint()

STORAGE = "AzureWebJobsStorage"


async def _scan(known: "Services", text: str) -> None:
    from rotation.domain.messages import read_scan  # noqa: PLC0415  # cold start (docs/performance.md)
    from rotation.workflows import scanning  # noqa: PLC0415  # as above

    await scanning.run_scan(known, read_scan(text).scan)


async def _rotation(known: "Services", text: str) -> None:
    from rotation.domain.messages import read_rotation  # noqa: PLC0415  # as above
    from rotation.workflows import rotate  # noqa: PLC0415  # as above

    await rotate.advance(known, read_rotation(text))


async def _delivery(known: "Services", text: str) -> None:
    from rotation.domain.messages import read_delivery  # noqa: PLC0415  # as above
    from rotation.workflows import deliver  # noqa: PLC0415  # as above

    rotation, destination = read_delivery(text)
    await deliver.advance(known, rotation, destination)


async def _notice(known: "Services", text: str) -> None:
    from rotation.domain.messages import read_notice  # noqa: PLC0415  # as above
    from rotation.workflows import reminding  # noqa: PLC0415  # as above

    await reminding.send_notice(known, read_notice(text))


def _text(msg: func.QueueMessage) -> str:
    """Give the text, also of a message that is not UTF-8: it will be unreadable, and told of."""
    return msg.get_body().decode("utf-8", errors="replace")


@queues.queue_trigger(arg_name="msg", queue_name=keys.QUEUE_SCANS, connection=STORAGE)
async def scan(msg: func.QueueMessage) -> None:
    """Run a scan that was asked for."""
    await message(services, keys.QUEUE_SCANS, _text(msg), work=_scan)


@queues.queue_trigger(arg_name="msg", queue_name=keys.QUEUE_ROTATIONS, connection=STORAGE)
async def rotation(msg: func.QueueMessage) -> None:
    """Carry a rotation forward."""
    await message(services, keys.QUEUE_ROTATIONS, _text(msg), work=_rotation)


@queues.queue_trigger(arg_name="msg", queue_name=keys.QUEUE_DELIVERIES, connection=STORAGE)
async def delivery(msg: func.QueueMessage) -> None:
    """Carry a delivery forward."""
    await message(services, keys.QUEUE_DELIVERIES, _text(msg), work=_delivery)


@queues.queue_trigger(arg_name="msg", queue_name=keys.QUEUE_NOTICES, connection=STORAGE)
async def notice(msg: func.QueueMessage) -> None:
    """Send a notice."""
    await message(services, keys.QUEUE_NOTICES, _text(msg), work=_notice)


@queues.queue_trigger(arg_name="msg", queue_name=keys.poison_of(keys.QUEUE_SCANS), connection=STORAGE)
async def scan_given_up(msg: func.QueueMessage) -> None:
    """Record a scan that failed again and again."""
    await poison(services, keys.QUEUE_SCANS, _text(msg))


@queues.queue_trigger(arg_name="msg", queue_name=keys.poison_of(keys.QUEUE_ROTATIONS), connection=STORAGE)
async def rotation_given_up(msg: func.QueueMessage) -> None:
    """Record a rotation whose step failed again and again."""
    await poison(services, keys.QUEUE_ROTATIONS, _text(msg))


@queues.queue_trigger(arg_name="msg", queue_name=keys.poison_of(keys.QUEUE_DELIVERIES), connection=STORAGE)
async def delivery_given_up(msg: func.QueueMessage) -> None:
    """Record a delivery whose step failed again and again."""
    await poison(services, keys.QUEUE_DELIVERIES, _text(msg))


@queues.queue_trigger(arg_name="msg", queue_name=keys.poison_of(keys.QUEUE_NOTICES), connection=STORAGE)
async def notice_given_up(msg: func.QueueMessage) -> None:
    """Record a notice that failed again and again."""
    await poison(services, keys.QUEUE_NOTICES, _text(msg))
