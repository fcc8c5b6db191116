"""Send notices: at least once on each channel that reaches the audience; a channel that fails is tried again."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.audience import OWNERS, Audience, owner, owner_address
from rotation.domain.errors import NeedsPerson, Retryable, StaleRecord
from rotation.domain.identifiers import AudienceName, ObjectId
from rotation.domain.policy import Configuration
from rotation.ledger.notices import Notice
from rotation.ports.notices import Channel
from rotation.workflows.hearing import addresses_of
from rotation.workflows.notices import alarm
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 12
LATEST = timedelta(hours=6)
KEPT = timedelta(days=3650)
"""What was given up stays where the pages show it, and is not tried again."""


async def send_notice(services: Services, key: str) -> None:
    """
    Send one notice on each channel that reaches its audience, and forget it then.

    Quiet hours of the audience hold back what is not urgent. A channel that fails is tried again from the queue; given
    up, the failure is kept where the pages show it, and the other channels are told of it.
    """
    found = await services.notices.get(key)
    if found is None:
        return
    notice, etag = found
    now = services.clock.now()
    if notice.given_up or (notice.claimed_at is not None and now - notice.claimed_at < services.timing.notice_silent):
        return
    configuration = await services.configurations.current()
    audience = _named(configuration, notice.audience)
    held = None if notice.urgent or audience is None else audience.quiet.hold(now, audience.zone)
    if held is not None:
        await _hold(services, key, notice, etag=etag, until=held)
        return
    claimed = replace(notice, claimed_at=now, tries=notice.tries + 1)
    try:
        etag = await services.notices.change(key, claimed, etag=etag, look_at=now + services.timing.notice_silent)
    except StaleRecord:
        return
    await _send(services, key, claimed, etag=etag, audience=audience)


async def _hold(services: Services, key: str, notice: Notice, *, etag: str, until: datetime) -> None:
    try:
        await services.notices.change(key, replace(notice, claimed_at=None), etag=etag, look_at=until)
    except StaleRecord:
        log.info("notice.held-already", extra={"notice": key})


async def _send(services: Services, key: str, notice: Notice, *, etag: str, audience: Audience | None) -> None:
    try:
        audience = await _owners(services, notice) or audience
    except Retryable as error:
        await _again(services, key, notice, etag=etag, problems=[("owners", error.message)])
        return
    channels = [channel for channel in services.channels if audience and _meant(channel, notice, audience)]
    message = replace(notice.message, said_at=services.clock.now())
    reached, problems = list(notice.reached), []
    for channel in channels:
        if audience is None or channel.name in reached:
            continue
        try:
            await channel.send(audience, message)
        except (Retryable, NeedsPerson) as error:
            problems.append((channel.name, error.message))
            log.warning("notice.not-sent", extra={"notice": key, "channel": channel.name, "reason": error.reason})
        else:
            reached.append(channel.name)
            log.info("notice.sent", extra={"notice": key, "kind": notice.kind, "channel": channel.name})
    if not problems:
        await _done(services, key, notice, reached=len(reached))
        return
    await _again(services, key, replace(notice, reached=tuple(reached)), etag=etag, problems=problems)


def _named(configuration: Configuration, name: AudienceName | None) -> Audience | None:
    """Give the audience, or the one that hears what nobody else is there for."""
    if name and (address := owner_address(name)):
        return owner(address)
    fallback = configuration.fallback_audience
    found = configuration.audiences.get(name) if name else None
    return found or (configuration.audiences.get(fallback) if fallback else None)


async def _owners(services: Services, notice: Notice) -> Audience | None:
    """
    Give the owners of the application that it tells of, where they hear first and there are any.

    Raises:
        Retryable: They could not be read now.
    """
    if notice.owners_of is None:
        return None
    application = ObjectId(notice.owners_of)
    addresses = (await addresses_of(services, [application])).get(application, ())
    return Audience(name=OWNERS, mail=addresses) if addresses else None


def _meant(channel: Channel, notice: Notice, audience: Audience) -> bool:
    if notice.kind.startswith("digest:") and notice.kind != f"digest:{channel.name}":
        return False
    return channel.reaches(audience)


async def _done(services: Services, key: str, notice: Notice, *, reached: int) -> None:
    now = services.clock.now()
    await services.control.audit(
        now, services.ulids.make(), "notice.sent", kind=notice.kind, audience=notice.audience, channels=reached
    )
    await services.notices.drop(key)


async def _again(services: Services, key: str, notice: Notice, *, etag: str, problems: list[tuple[str, str]]) -> None:
    now = services.clock.now()
    told = "; ".join(f"{channel}: {why}" for channel, why in problems)
    given_up = told if notice.tries >= GIVE_UP_AFTER else ""
    later: datetime = now + (KEPT if given_up else min(timedelta(minutes=1 << notice.tries), LATEST))
    await services.notices.change(key, replace(notice, claimed_at=None, given_up=given_up), etag=etag, look_at=later)
    if given_up:
        log.error("notice.given-up", extra={"notice": key, "kind": notice.kind})
        for channel, why in problems:
            await alarm(services, f"channel-{channel}", text=f"channel {channel} takes no messages: {why}")


async def give_up_notice(services: Services, key: str, *, why: str) -> None:
    """Keep a notice whose sending crashed as often as it may where the pages show it, and tell of it once a day."""
    found = await services.notices.get(key)
    if found is None or found[0].given_up:
        return
    notice, etag = found
    later = services.clock.now() + KEPT
    await services.notices.change(key, replace(notice, claimed_at=None, given_up=why), etag=etag, look_at=later)
    await alarm(services, "notice-given-up", text=f"a message to people ({notice.kind}) could not be sent: {why}")


async def send_again(services: Services, key: str) -> None:
    """Let a notice that was given up be tried as often as a new one."""
    found = await services.notices.get(key)
    if found is None:
        return
    notice, etag = found
    fresh = replace(notice, claimed_at=None, given_up="", tries=0)
    try:
        await services.notices.change(key, fresh, etag=etag, look_at=services.clock.now())
    except StaleRecord:
        return
    await nudge_notice(services, key)
