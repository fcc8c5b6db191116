"""
What stopped for a cause outside itself is looked at again nightly: one of a cause first, then the others.

The cause of a rotation is its reason. The cause of a delivery is its reason at its destination: one vault that refuses
us says nothing about another.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from rotation.domain.errors import Contested, LeaseHeld, NewerVersion, Refused, Superseded
from rotation.domain.identifiers import RotationId
from rotation.ledger.lines import IndexedLine
from rotation.workflows.contesting import BY_PERSONS
from rotation.workflows.operating import retry
from rotation.workflows.outcome import OUTSIDE_CAUSES, cause_at
from rotation.workflows.services import Services

FIRST_OF_ALL = datetime.min.replace(tzinfo=UTC)
NEVER_GONE = BY_PERSONS | {"newer-is-there"}
"""Why a delivery stopped that no look will find able to go on."""


async def look_again(services: Services) -> None:
    """
    Try one that is stopped for each cause; when it gets on, `on_with` frees the others.

    The one that was tried longest ago: one with a trouble of its own does not stand in the way of the others for ever.
    """
    first: dict[str, IndexedLine] = {}
    async for line in services.lines.all():
        for cause in _causes(line):
            known = first.setdefault(cause, line)
            if (line.stopped_at or FIRST_OF_ALL) < (known.stopped_at or FIRST_OF_ALL):
                first[cause] = line
    for line in {str(line.id): line for line in first.values()}.values():
        await _retry(services, line, by="nightly look")


async def on_with(services: Services) -> None:
    """Retry everything that stopped for a cause which one rotation, or one delivery, has just got past."""
    gone = await services.control.resuming.read()
    if not gone:
        return
    async for line in services.lines.all():
        if set(gone) & set(_causes(line)):
            await _retry(services, line, by="the cause is gone")
    await services.control.resuming.change(lambda now: tuple(cause for cause in now if cause not in gone))


async def retry_reason(services: Services, reason: str, *, by: str, where: str = "") -> int:
    """Retry, on a person's word, all that stopped for *reason*: rotations, deliveries, lines; give how many."""
    tried = 0
    async for line in services.lines.all():
        contested = reason == line.blocked == Contested.reason
        if contested or (line.open and reason in {line.stopped, *(why for _place, why in line.places_stopped)}):
            tried += await _retry(services, line, by=by, where=where, person=True)
    return tried


def _causes(line: IndexedLine) -> Iterator[str]:
    if not line.open:
        return
    if line.stopped in OUTSIDE_CAUSES:
        yield line.stopped
    for place, reason in line.places_stopped:
        if reason not in NEVER_GONE:
            yield cause_at(place, reason)


async def _retry(services: Services, line: IndexedLine, *, by: str, where: str = "", person: bool = False) -> bool:
    rotation = RotationId(line.id.application, line.open or line.latest or "")
    try:
        await retry(services, rotation, by=by, where=where, person=person)
    except (Refused, LeaseHeld, NewerVersion, Superseded):
        # Somebody is at this very rotation; a lost race with them must not end the scan that asked.
        return False
    return True
