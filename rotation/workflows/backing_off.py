"""How long a delivery waits before it is tried again, and when that has gone on for too long."""

from datetime import timedelta

from rotation.workflows.errand import Errand

BACK_OFF_LIMIT = timedelta(hours=1)


def back_off(tries: int) -> timedelta:
    """Give the wait after so many tries."""
    return min(timedelta(seconds=2 << min(tries, 12)), BACK_OFF_LIMIT)


def too_long(errand: Errand) -> bool:
    """Tell whether it has been failing for longer than its phase may last."""
    since = errand.delivery.failing_since
    return since is not None and errand.now - since > errand.services.timing.phase_deadline
