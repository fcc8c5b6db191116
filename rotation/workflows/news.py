"""
What is only told and asks nothing of anybody: it waits for the next digest, so that a night is one message.

It is told there as reminders are, once for each audience and channel, and forgotten then. What no digest took in time
is sent alone (`NEWS_WAIT`).
"""

from collections.abc import AsyncIterator, Iterable

from rotation.domain.audience import Hearers
from rotation.domain.policy import Configuration
from rotation.domain.reminder import NEWS
from rotation.ledger.notices import Notice
from rotation.workflows.reminders import Reminder
from rotation.workflows.services import Services


async def waiting_news(services: Services, configuration: Configuration) -> AsyncIterator[Reminder]:
    """Read what waits for the digest; who was to hear it and is no audience any more is heard for by the fallback."""
    async for key, notice in services.notices.gathered():
        team = notice.audience if notice.audience in configuration.audiences else configuration.fallback_audience
        for reminder in _of(key, notice, Hearers(team=team, owners_of=notice.owners_of)):
            yield reminder


def _of(key: str, notice: Notice, hears: Hearers) -> Iterable[Reminder]:
    for item in notice.message.items:
        yield Reminder(subject=key, rung=NEWS, end_at=notice.created_at, hears=hears, item=item)


async def forget_news(services: Services, told: Iterable[Reminder]) -> None:
    """Forget what a digest has told."""
    for reminder in told:
        await services.notices.drop(reminder.subject)
