"""May this be done now? (protocol.md, Brakes)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from rotation.domain.policy import Ramp

IN_A_ROW = 5
SHARE = 10
"""A tenth of the night's."""


class NightState(StrEnum):
    """Where tonight's opening stands."""

    CANARY = "canary"
    OPENING = "opening"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What the scan found due, and how far its opening is."""

    scan: str
    began_at: datetime
    state: NightState
    canary: str | None = None
    """The canary's rotation."""
    due: int = 0
    opened: int = 0
    left: int = 0
    """Due, and not opened because of a brake."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing is minted, published, delivered or removed while this stands."""

    by: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RampCount:
    """What tonight has done already."""

    night: str = ""
    opened: int = 0
    removed: int = 0

    def of(self, night: str) -> Self:
        """Start anew with a new night."""
        return self if self.night == night else replace(self, night=night, opened=0, removed=0)

    def may_open(self, ramp: Ramp, under_way: int) -> bool:
        """Tell whether one more may be opened."""
        return self.opened < ramp.opened_per_night and under_way < ramp.open_at_once

    def may_remove(self, ramp: Ramp) -> bool:
        """Tell whether one more may be removed."""
        return self.removed < ramp.removed_per_night


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Counts how rotations come out; open, it stops every opening and removal until a person closes it."""

    night: str = ""
    tail: tuple[str, ...] = ()
    """The last outcomes in order; "" is good, else the reason why it was Blocked."""
    total: int = 0
    blocked: tuple[tuple[str, int], ...] = ()
    open_reason: str | None = None
    opened_at: datetime | None = None

    def told(self, outcome: str, *, night: str, now: datetime) -> Self:
        """Count one outcome: "" for Completed or Overlapping, else why it is Blocked."""
        fresh = self if self.night == night else replace(self, night=night, total=0, blocked=())
        tail = (*fresh.tail, outcome)[-IN_A_ROW:]
        counts = Counter(dict(fresh.blocked))
        if outcome:
            counts[outcome] += 1
        counted = replace(fresh, tail=tail, total=fresh.total + 1, blocked=tuple(sorted(counts.items())))
        if counted.open_reason is not None or (trip := _trips(tail, counts, counted.total)) is None:
            return counted
        return replace(counted, open_reason=trip, opened_at=now)

    def reset(self) -> Self:
        """Close it again, forgetting what led there."""
        return replace(self, tail=(), total=0, blocked=(), open_reason=None, opened_at=None)


def _trips(tail: Sequence[str], counts: Counter[str], total: int) -> str | None:
    if len(tail) == IN_A_ROW and tail[0] and len(set(tail)) == 1:
        return tail[0]
    for reason, count in counts.items():
        if count >= IN_A_ROW and count * SHARE >= total:
            return reason
    return None
