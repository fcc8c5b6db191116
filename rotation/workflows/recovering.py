"""Each minute: nudge whatever waits, so that a message that was lost costs a minute and not a rotation."""

import logging

from rotation.ledger.scans import Scans
from rotation.workflows import nudge
from rotation.workflows.auditing import keep_history
from rotation.workflows.measuring import measure
from rotation.workflows.night import open_due
from rotation.workflows.resuming import on_with
from rotation.workflows.services import Services
from rotation.workflows.watching import watch

log = logging.getLogger(__name__)


async def recover(services: Services) -> None:
    """Nudge what is due in wakes, notices and scans, go on with tonight's opening, and look for what is silent."""
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
    if await watch(services):
        await measure(services)
        await keep_history(services)
    log.info("recover.done", extra={"nudged": nudged})
