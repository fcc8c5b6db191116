"""How long a delivery waits before it is tried again, and when that has gone on for too long."""

from datetime import datetime, timedelta

BACK_OFF_LIMIT = timedelta(hours=1)


def back_off(tries: int) -> timedelta:
    """Give the wait after so many tries."""
    return min(timedelta(seconds=2 << min(tries, 12)), BACK_OFF_LIMIT)


def too_long(failing_since: datetime | None, now: datetime, deadline: timedelta) -> bool:
    """Tell whether it has been failing for longer than its phase may last."""
    return failing_since is not None and now - failing_since > deadline
