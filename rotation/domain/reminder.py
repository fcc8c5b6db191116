"""Which rung of the ladder is due, and the key that makes it send once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.identifiers import AudienceName


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
        return f"{self.end_at:%Y-%m}"

    def key(self, channel: str) -> str:
        """Row key for one channel."""
        return f"{self.subject}|{self.rung}|{self.audience}|{channel}"


def rung_due(end_at: datetime, now: datetime, rungs: Sequence[int]) -> int | None:
    """
    Give the smallest rung (days before the end) that has been reached; 0 once it has ended.

    One rung a look: who was asleep for a month hears of the nearest rung, not of all that were missed.
    """
    left = (end_at - now).total_seconds() / 86_400
    reached = [rung for rung in rungs if left <= rung]
    return min(reached, default=None)
