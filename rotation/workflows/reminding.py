"""The daily digest: what rotation will not do by itself, and what it did; each claimed once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rotation.domain.audience import OWNERS, Audience, owner
from rotation.domain.errors import Retryable
from rotation.domain.identifiers import AudienceName
from rotation.domain.policy import Configuration
from rotation.domain.reminder import after_snooze, month
from rotation.ledger.notices import Notice
from rotation.ledger.reminders import Claim, Told
from rotation.ports.notices import Channel
from rotation.workflows import reminders
from rotation.workflows.digesting import digest_message
from rotation.workflows.hearing import Heard, heard, owner_channels
from rotation.workflows.news import forget_news, waiting_news
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.reminders import Reminder
from rotation.workflows.sending import send_notice
from rotation.workflows.services import Services

__all__ = ["digest", "send_notice"]

type Fresh = tuple[Reminder, Claim]
"""What has not been told yet, and the claim that says that it was."""


async def digest(services: Services) -> Mapping[str, int]:
    """
    Claim what is due for each audience and channel, and put one digest of it on its way; give how many each has.

    Raises:
        Retryable: Owners could not be read now; everybody else was told, and the next digest makes up for it.
    """
    configuration = await services.configurations.current()
    due = await reminders.due(services, configuration)
    news = [each async for each in waiting_news(services, configuration)]
    told = await services.reminders.told({month(each.end_at) for each in [*due, *news]})
    due += [*reminders.escalations(list(due), told, configuration, now=services.clock.now()), *news]
    for_owners = _for_owners(services, due, told)
    problem: Retryable | None = None
    try:
        found = await heard(services, due, [reminder for reminder, _claim in for_owners])
    except Retryable as error:
        found, for_owners, problem = await heard(services, due, ()), [], error
    sent = await _tell(services, configuration, found, told=told)
    await services.reminders.claim(
        (claim for _reminder, claim in for_owners), notice="digest", now=services.clock.now()
    )
    await forget_news(services, (each for each in news if problem is None or each.hears.owners_of is None))
    if problem is not None:
        raise problem
    return sent


def _for_owners(services: Services, due: Sequence[Reminder], told: Told) -> list[Fresh]:
    """Leave what the owners of an application have not been told of: only for that are they looked for."""
    channels = owner_channels(services)
    asked = [each for each in due if each.hears.owners_of is not None]
    now = services.clock.now()
    return [one for channel in channels[:1] for one in _fresh(asked, OWNERS, channel.name, told=told, now=now)]


async def _tell(services: Services, configuration: Configuration, found: Heard, *, told: Told) -> Mapping[str, int]:
    sent: dict[str, int] = {}
    for address, own in found.owners.items():
        for channel in owner_channels(services):
            await _put(services, channel, owner(address), told=own, heard_as=OWNERS)
        sent[OWNERS] = sent.get(OWNERS, 0) + len(own)
    for name, some in found.teams.items():
        audience = configuration.audiences.get(name)
        if audience is not None:
            sent[name] = await _one_audience(services, audience, some, told=told)
    return sent


async def _one_audience(services: Services, audience: Audience, some: Sequence[Reminder], *, told: Told) -> int:
    """Save the notice before the claims, so that a claimed reminder is never without its notice (protocol.md)."""
    count = 0
    for channel in services.channels:
        if not channel.reaches(audience):
            continue
        now = services.clock.now()
        fresh = _fresh(some, audience.name, channel.name, told=told, now=now)
        if fresh:
            key = await _put(services, channel, audience, told=[reminder for reminder, _claim in fresh])
            await services.reminders.claim((claim for _reminder, claim in fresh), notice=key, now=now)
            count += len(fresh)
    return count


def _fresh(some: Iterable[Reminder], audience: AudienceName, channel: str, *, told: Told, now: datetime) -> list[Fresh]:
    """Leave what this audience has not been told of on this channel, and wants to hear now."""
    found: list[Fresh] = []
    for reminder in some:
        key = reminder.key(audience)
        until = told.snoozed_until(reminder.subject, audience, reminder.end_at)
        wanted = key if until is None else after_snooze(key, until, now)
        if wanted is not None and (claim := (wanted.partition, wanted.key(channel))) not in told.claims:
            found.append((reminder, claim))
    return found


async def _put(
    services: Services,
    channel: Channel,
    audience: Audience,
    *,
    told: Sequence[Reminder],
    heard_as: AudienceName | None = None,
) -> str:
    """Put one digest on its way and give its key."""
    key = f"digest-{services.ulids.make()}"
    notice = Notice(
        kind=f"digest:{channel.name}",
        audience=audience.name,
        message=await digest_message(services, heard_as or audience.name, told),
        created_at=services.clock.now(),
        urgent=any(reminder.urgent for reminder in told),
    )
    await services.notices.put(key, notice)
    await nudge_notice(services, key)
    return key
