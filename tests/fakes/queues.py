"""Nudges in a list."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.ports.clock import Clock
from tests.fakes.chance import chance
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """One message as it was sent."""

    queue: str
    text: str
    sent_at: datetime
    visible_at: datetime


class MemoryQueues:
    """
    Keep what was sent; `take` hands out what is visible.

    Crueller than the real thing where told: `loses` every message, hands each out `times` times, and `shuffled`.
    """

    def __init__(
        self, clock: Clock | None = None, *, loses: bool = False, times: int = 1, shuffled: bool = False
    ) -> None:
        self._clock = clock or MovableClock()
        self.loses, self.times, self.shuffled = loses, times, shuffled
        self.mishaps = Mishaps()
        self.sent: list[Nudge] = []
        """Everything ever sent, lost or not."""
        self.waiting: list[Nudge] = []
        self._random = chance(1)

    async def send(self, queue: str, text: str, *, delay: timedelta = timedelta(0)) -> None:
        async def act() -> None:
            now = self._clock.now()
            nudge = Nudge(queue=queue, text=text, sent_at=now, visible_at=now + delay)
            self.sent.append(nudge)
            if not self.loses:
                self.waiting.extend([nudge] * self.times)

        await self.mishaps.around("send", act)

    def take(self, queue: str | None = None) -> list[Nudge]:
        """Hand out, once, what is visible now (of one queue, or of all)."""
        now = self._clock.now()
        due = [n for n in self.waiting if n.visible_at <= now and queue in (None, n.queue)]
        self.waiting = [n for n in self.waiting if n not in due]
        if self.shuffled:
            self._random.shuffle(due)
        return due

    def texts(self, queue: str) -> list[str]:
        """Give the texts of everything ever sent to *queue*."""
        return [nudge.text for nudge in self.sent if nudge.queue == queue]
