"""The daily digest, and the sending of every notice: at least once, each reminder claimed once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rotation.domain.delivery import AwaitingApproval, AwaitingPerson
from rotation.domain.errors import NeedsPerson, Retryable, StaleRecord
from rotation.domain.identifiers import AudienceName
from rotation.domain.policy import Audience, Configuration
from rotation.domain.reminder import ReminderKey, rung_due
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.expiries import Expiry, all_expiries
from rotation.ledger.notices import Notice
from rotation.ports.notices import Channel, Item, Message
from rotation.ports.tables import Insert
from rotation.workflows.notices import alarm
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.scanning import last_complete
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

TOLD_STATUSES = frozenset({"monitored", "foreign", "stray"})
"""What rotation does not do by itself; its own lines speak through their phases."""
GIVE_UP_AFTER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One thing to say, and the key under which it is said once."""

    key: ReminderKey
    item: Item


async def digest(services: Services) -> Mapping[str, int]:
    """Claim what is due for each audience and channel, and put one digest of it on its way; give how many each has."""
    configuration = await services.configurations.current()
    due: dict[AudienceName, list[Reminder]] = {}
    for reminder in [*await _expiring(services, configuration), *await _waiting(services, configuration)]:
        due.setdefault(reminder.key.audience, []).append(reminder)
    sent: dict[str, int] = {}
    for name, reminders in due.items():
        audience = configuration.audiences.get(name)
        if audience is not None:
            sent[name] = await _one_audience(services, audience, reminders)
    await _missed_night(services)
    return sent


async def _missed_night(services: Services) -> None:
    """Raise an alarm of its own when no scan was complete in 26 hours: silence is not good news."""
    last = await last_complete(services, days=3)
    now = services.clock.now()
    if last is None or last.finished_at is None or now - last.finished_at > timedelta(hours=26):
        await alarm(services, "no-complete-scan", text="no scan has been complete in the last 26 hours")


async def _expiring(services: Services, configuration: Configuration) -> list[Reminder]:
    now = services.clock.now()
    reminders: list[Reminder] = []
    async for expiry in all_expiries(services.tables):
        rung = rung_due(expiry.end_at, now, configuration.rungs)
        audience = expiry.audience or configuration.fallback_audience
        if rung is None or not audience or expiry.status not in TOLD_STATUSES:
            continue
        key = ReminderKey(subject=expiry.key_id, rung=rung, audience=AudienceName(audience), end_at=expiry.end_at)
        reminders.append(Reminder(key=key, item=_expiry_item(services, expiry)))
    return reminders


def _expiry_item(services: Services, expiry: Expiry) -> Item:
    now = services.clock.now()
    days = (expiry.end_at - now).days
    what = {"secret": "secret", "certificate": "certificate"}.get(expiry.kind, expiry.kind.replace("-", " "))
    when = f"ends in {days} days ({expiry.end_at:%Y-%m-%d})" if days >= 0 else f"expired on {expiry.end_at:%Y-%m-%d}"
    name = f" {expiry.credential_name!r}" if expiry.credential_name else ""
    state = "approaching" if days >= 0 else "expired"
    text = f"{what}{name} {when} and nobody rotates it"
    return Item(state=state, subject=expiry.application, text=text, act_by=f"{expiry.end_at:%Y-%m-%d}", action="Enrol")


async def _waiting(services: Services, configuration: Configuration) -> list[Reminder]:
    """Speak of what waits for a person: hand-offs, approvals, and what is Blocked."""
    reminders: list[Reminder] = []
    async for line in services.lines.all():
        if not (line.open or line.blocked):
            continue
        record = await ledger.read(services.tables, line.id.application)
        policy = configuration.policy(line.policy)
        audience = (policy.audience if policy else None) or configuration.fallback_audience
        end_at = line.end_at
        if audience is None or end_at is None:
            continue
        rung = rung_due(end_at, services.clock.now(), configuration.rungs)
        items = _line_items(record, line.open, blocked=line.blocked or line.stopped, name=line.display_name)
        for place, item in enumerate(items):
            subject = f"{line.open or line.id.application}.{place}"
            key = ReminderKey(subject=subject, rung=-1 if rung is None else rung, audience=audience, end_at=end_at)
            reminders.append(Reminder(key=key, item=item))
    return reminders


def _line_items(record: ledger.ApplicationRecord, open_ulid: str | None, *, blocked: str, name: str) -> list[Item]:
    items: list[Item] = []
    if blocked:
        items.append(Item(state="blocked", subject=name, text=f"stopped: {blocked}", action="What to do"))
    for destination, stored in record.deliveries_of(open_ulid or "").items():
        match stored.delivery.phase:
            case AwaitingPerson(hand_off=hand_off, deadline=deadline):
                text = f"{hand_off.title}: waits for you"
                act_by = f"{deadline:%Y-%m-%d}"
                items.append(Item(state="waiting", subject=name, text=text, act_by=act_by, action="Open the steps"))
            case AwaitingApproval(why=why):
                items.append(Item(state="waiting", subject=name, text=f"{destination} waits for approval: {why}"))
    return items


async def _one_audience(services: Services, audience: Audience, reminders: Sequence[Reminder]) -> int:
    """Save the notice before the claims, so that a claimed reminder is never without its notice (protocol.md)."""
    told = 0
    for channel in services.channels:
        if not channel.reaches(audience):
            continue
        key = f"digest-{services.ulids.make()}"
        fresh = [reminder for reminder in reminders if not await _claimed(services, reminder, channel.name)]
        if not fresh:
            continue
        rows = tuple((reminder.key.partition, reminder.key.key(channel.name)) for reminder in fresh)
        notice = Notice(
            kind=f"digest:{channel.name}",
            audience=audience.name,
            message=digest_message(audience, fresh),
            created_at=services.clock.now(),
            reminders=rows,
        )
        await services.notices.put(key, notice)
        for reminder in fresh:
            await _claim(services, reminder, channel.name, notice=key)
        await nudge_notice(services, key)
        told += len(fresh)
    return told


async def _claimed(services: Services, reminder: Reminder, channel: str) -> bool:
    return await services.tables.get(keys.REMINDERS, reminder.key.partition, reminder.key.key(channel)) is not None


async def _claim(services: Services, reminder: Reminder, channel: str, *, notice: str) -> None:
    row = Insert(key=reminder.key.key(channel), values={"claimed_at": services.clock.now(), "claimed_by": notice})
    try:
        await services.tables.commit(keys.REMINDERS, reminder.key.partition, [row])
    except StaleRecord:
        log.info("reminder.claimed-already", extra={"subject": reminder.key.subject})


def digest_message(audience: Audience, reminders: Sequence[Reminder]) -> Message:
    """Make the digest: what needs somebody, the nearest date first (ux.md, A digest)."""
    items = sorted((reminder.item for reminder in reminders), key=lambda item: item.act_by or "9999")
    first = next((item.act_by for item in items if item.act_by), "")
    count = f"{len(items)} credential{'s' if len(items) != 1 else ''}"
    title = f"{count} need{'s' if len(items) == 1 else ''} you" + (f", first by {first}" if first else "")
    return Message(title=title, summary=f"Entra credentials · {audience.name}", items=items)


async def send_notice(services: Services, key: str) -> None:
    """
    Send one notice on each channel that reaches its audience, and forget it then.

    A channel that fails is tried again from the queue; given up, the failure is kept where the pages show it.
    """
    found = await services.notices.get(key)
    if found is None:
        return
    notice, etag = found
    now = services.clock.now()
    if notice.given_up or (notice.claimed_at is not None and now - notice.claimed_at < services.timing.notice_silent):
        return
    claimed = replace(notice, claimed_at=now, tries=notice.tries + 1)
    try:
        etag = await services.notices.change(key, claimed, etag=etag, look_at=now + services.timing.notice_silent)
    except StaleRecord:
        return
    await _send(services, key, claimed, etag=etag)


async def _send(services: Services, key: str, notice: Notice, *, etag: str) -> None:
    configuration = await services.configurations.current()
    audience = configuration.audiences.get(notice.audience) if notice.audience else None
    channels = [channel for channel in services.channels if audience and _meant(channel, notice, audience)]
    problems: list[str] = []
    for channel in channels:
        try:
            await channel.send(audience or Audience(name=AudienceName("nobody")), notice.message)
        except (Retryable, NeedsPerson) as error:
            problems.append(f"{channel.name}: {error.message}")
            log.warning("notice.not-sent", extra={"notice": key, "channel": channel.name, "reason": error.reason})
    if not channels or len(problems) < len(channels):
        await _done(services, key, notice, reached=len(channels) - len(problems))
        return
    given_up = "; ".join(problems) if notice.tries >= GIVE_UP_AFTER else ""
    later = services.clock.now() + min(timedelta(minutes=1 << notice.tries), timedelta(hours=6))
    look_at = services.clock.now() + timedelta(days=3650) if given_up else later
    await services.notices.change(key, replace(notice, claimed_at=None, given_up=given_up), etag=etag, look_at=look_at)


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
