"""Nudge the queues. A nudge is never the truth, so one that cannot be sent costs a minute and nothing else."""

import logging
from datetime import timedelta

from rotation.domain.errors import Retryable
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.messages import DeliveryMessage, Message, NoticeMessage, RotationMessage, ScanMessage, write
from rotation.ledger import keys
from rotation.workflows.services import Services

log = logging.getLogger(__name__)


async def nudge_rotation(services: Services, rotation: RotationId, *, delay: timedelta = timedelta(0)) -> None:
    """Ask for a step of a rotation."""
    await _send(services, keys.QUEUE_ROTATIONS, RotationMessage(rotation=str(rotation)), delay=delay)


async def nudge_delivery(
    services: Services, rotation: RotationId, destination: DestinationName, *, delay: timedelta = timedelta(0)
) -> None:
    """Ask for a step of a delivery."""
    message = DeliveryMessage(rotation=str(rotation), destination=destination)
    await _send(services, keys.QUEUE_DELIVERIES, message, delay=delay)


async def nudge_notice(services: Services, key: str) -> None:
    """Ask for a notice to be sent."""
    await _send(services, keys.QUEUE_NOTICES, NoticeMessage(key=key), delay=timedelta(0))


async def nudge_scan(services: Services, scan: str, *, delay: timedelta = timedelta(0)) -> None:
    """Ask for a scan to be run."""
    await _send(services, keys.QUEUE_SCANS, ScanMessage(scan=scan), delay=delay)


async def _send(services: Services, queue: str, message: Message, *, delay: timedelta) -> None:
    try:
        await services.queues.send(queue, write(message), delay=delay)
    except Retryable as error:
        log.warning("nudge.not-sent", extra={"queue": queue, "reason": error.reason})
