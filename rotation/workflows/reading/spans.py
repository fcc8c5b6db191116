"""Spans as people count them, and what the end of a credential means to them."""

from datetime import UTC, datetime

from rotation.domain.credential import NEVER

OURS = frozenset({"current", "predecessor", "rotating"})
"""Statuses of what a line holds, or is on its way to."""
NEAR_DAYS = 60
"""From so many days before its end on, a secret that nobody rotates is said to approach it."""


def days_until(at: datetime, now: datetime) -> int:
    """Count calendar days in UTC; negative: so many ago."""
    return (at.astimezone(UTC).date() - now.astimezone(UTC).date()).days


def in_days(at: datetime, now: datetime) -> str:
    """Say `in 13 days`, `tomorrow`, `2 days ago`."""
    match days_until(at, now):
        case 0:
            return "today"
        case 1:
            return "tomorrow"
        case -1:
            return "yesterday"
        case days:
            return f"in {days} days" if days > 0 else f"{-days} days ago"


def state_of_end(status: str, end_at: datetime | None, now: datetime) -> str:
    """Give the word of ux.md for one credential, by what it is to us and when it ends; None and NEVER: never."""
    if end_at is None or end_at >= NEVER:
        return "healthy"
    if end_at <= now:
        return "expired"
    return "approaching" if status not in OURS and days_until(end_at, now) <= NEAR_DAYS else "healthy"


def says_of_end(status: str, end_at: datetime | None, now: datetime) -> str:
    """Say when it ends, and whether anybody does something about it."""
    if end_at is None or end_at >= NEVER:
        return "never ends"
    if end_at <= now:
        return f"expired {in_days(end_at, now)}"
    if status in OURS:
        return f"fine until {end_at:%Y-%m-%d}" if status != "predecessor" else f"goes, at the latest {end_at:%Y-%m-%d}"
    return f"expires {in_days(end_at, now)}, nobody rotates it"
