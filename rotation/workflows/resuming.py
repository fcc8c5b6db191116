"""What stopped for a cause outside itself is looked at again nightly: one of a reason first, then the others."""

from rotation.domain.errors import LeaseHeld, Refused, Superseded
from rotation.domain.identifiers import RotationId
from rotation.ledger.lines import IndexedLine
from rotation.workflows.operating import retry
from rotation.workflows.outcome import OUTSIDE_CAUSES
from rotation.workflows.services import Services


async def look_again(services: Services) -> None:
    """Try the first blocked rotation of each reason; when it gets on, `on_with` frees the others."""
    first: dict[str, IndexedLine] = {}
    async for line in services.lines.all():
        if line.stopped in OUTSIDE_CAUSES and line.open:
            first.setdefault(line.stopped, line)
    for line in first.values():
        await _retry(services, line, by="nightly look")


async def on_with(services: Services) -> None:
    """Retry everything that stopped for a cause which one rotation has just got past."""
    gone = await services.control.resuming.read()
    if not gone:
        return
    async for line in services.lines.all():
        if line.stopped in gone and line.open:
            await _retry(services, line, by="the cause is gone")
    await services.control.resuming.change(lambda now: tuple(reason for reason in now if reason not in gone))


async def retry_reason(services: Services, reason: str, *, by: str) -> int:
    """Retry every rotation that stopped for *reason*, and give how many."""
    tried = 0
    async for line in services.lines.all():
        if line.stopped == reason and line.open:
            tried += await _retry(services, line, by=by)
    return tried


async def _retry(services: Services, line: IndexedLine, *, by: str) -> bool:
    try:
        await retry(services, RotationId(line.id.application, line.open or ""), by=by)
    except (Refused, LeaseHeld, Superseded):
        # Somebody is at this very rotation; a lost race with them must not end the scan that asked.
        return False
    return True
