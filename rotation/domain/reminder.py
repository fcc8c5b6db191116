"""Which rung of the ladder is due, the key that makes it send once, and what a snooze and an escalation make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rotation.domain.identifiers import AudienceName

WAITING = -1
"""Rung of what waits and has not come near its end yet: told once."""
NEWS = -2
"""Rung of what has happened and asks nothing of anybody: told once."""
ESCALATED = -1_000
"""Rung of the first escalation; each later one is a week and one less."""
SNOOZED = -100_000_000
"""Less the day on which a snooze ended."""
MONTHLY = -100_000
"""Rungs from here down to SNOOZED are months (-202612): what never ends is told once in each."""
ESCALATE_AGAIN = timedelta(days=7)
SNOOZE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderKey:
    """(subject, rung, audience, channel): each is told once."""

    subject: str
    """Key id, rotation ulid, or alarm slug and day."""
    rung: int
    audience: AudienceName
    end_at: datetime

    @property
    def partition(self) -> str:
        """Month of the end."""
        return month(self.end_at)

    def key(self, channel: str) -> str:
        """Row key for one channel."""
        return f"{self.subject}|{self.rung}|{self.audience}|{channel}"


def month(end_at: datetime) -> str:
    """Give the partition of everything about what ends then."""
    return f"{end_at:%Y-%m}"


def rung_due(end_at: datetime, now: datetime, rungs: Sequence[int]) -> int | None:
    """
    Give the smallest rung (days before the end) that has been reached; 0 once it has ended.

    One rung a look: who was asleep for a month hears of the nearest rung, not of all that were missed.
    """
    left = (end_at - now).total_seconds() / 86_400
    reached = [rung for rung in rungs if left <= rung]
    return min(reached, default=None)


def escalation_due(since: datetime, now: datetime, after: timedelta) -> int | None:
    """Give the rung of an escalation of what has waited since *since*; None while it may still wait."""
    late = now - since - after
    return None if late < timedelta(0) else ESCALATED - late // ESCALATE_AGAIN


def after_snooze(key: ReminderKey, until: datetime, now: datetime) -> ReminderKey | None:
    """
    Give the key under which it is told although it was snoozed until *until*; None: it stays silent.

    What the snooze kept silent is told once when it has ended; a rung that was reached only since then is told as
    always.
    """
    if now < until:
        return None
    if SNOOZED < key.rung <= MONTHLY and -key.rung > int(f"{until:%Y%m}"):
        return key
    reached_at = key.end_at - timedelta(days=max(key.rung, 0))
    return key if reached_at > until and key.rung >= 0 else replace(key, rung=SNOOZED - int(f"{until:%Y%m%d}"))


def snoozed_until(end_at: datetime, now: datetime) -> datetime:
    """Tell until when a snooze lasts: a week, and not past the end while that is ahead."""
    return min(now + SNOOZE, end_at) if end_at > now else now + SNOOZE
