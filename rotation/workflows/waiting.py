"""What follows a step: its wake is moved, and a short wait travels as a message too."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.identifiers import DestinationName, RotationId
from rotation.workflows.services import Services

AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """When a rotation, or a delivery, is to be looked at again; `etag` is that of its wake as the step wrote it."""

    rotation: RotationId
    look_at: datetime
    etag: str
    destination: DestinationName | None = None


async def until_next_look(services: Services, wait: Wait) -> timedelta | None:
    """
    Move the wake to the end of the wait, and tell how long a nudge should take; None: the wake alone will do.

    Called when the lease is let go, and a nudge is sent after it: who reads one while we hold the lease completes it
    early. Such a nudge is not lost, for whoever sends one has set the wake first, so that ours is not the last word.
    """
    stands = await services.wakes.later(wait.rotation, wait.look_at, etag=wait.etag, destination=wait.destination)
    now = services.clock.now()
    if stands != wait.look_at:
        return AT_ONCE if stands is not None and stands <= now else None
    delay = wait.look_at - now
    return max(delay, AT_ONCE) if delay < services.timing.nudge_within else None
