"""May this delivery be made now? Pause, mode, window and approval are asked again before each."""

from datetime import datetime, timedelta

from rotation.domain.delivery import Cause
from rotation.domain.policy import Destination, Mode, Policy
from rotation.workflows.errand import Errand

WINDOW_RECHECK = timedelta(hours=1)


async def held(errand: Errand, destination: Destination) -> datetime | None:
    """Tell until when a brake holds this delivery; None: it may be made."""
    again = errand.now + errand.services.timing.paused_recheck
    if await errand.services.control.pause() is not None:
        return again
    policy = errand.configuration.policy(errand.line.enrolment.policy)
    if policy is None or policy.mode is not Mode.ROTATE:
        return again
    if _held_by_window(errand, policy, destination):
        return errand.now + WINDOW_RECHECK
    return None


def _held_by_window(errand: Errand, policy: Policy, destination: Destination) -> bool:
    """Hold what restarts something outside its window; it yields to people, and where the old one would end first."""
    if not errand.services.integrations.of(destination).capabilities.restarts:
        return False
    if policy.permits_now(errand.now) or errand.rotation.urgent or errand.delivery.cause is Cause.BACK:
        return False
    ends_at = errand.old_ends_at
    return ends_at is None or ends_at - errand.now > errand.services.timing.phase_deadline


def approved(errand: Errand, destination: Destination) -> bool:
    """Tell whether this very place, as it is configured now, was approved."""
    same = errand.delivery.fingerprint == destination.fingerprint
    if errand.delivery.approved_by and same:
        return True
    known = errand.line.enrolment.approves(destination.name, destination.fingerprint)
    return same and known and not destination.approval
