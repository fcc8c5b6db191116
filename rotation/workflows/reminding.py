"""The daily digest: what rotation will not do by itself, each reminder claimed once."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.credential import NEVER
from rotation.domain.errors import StaleRecord
from rotation.domain.identifiers import AudienceName
from rotation.domain.policy import Audience, Configuration
from rotation.domain.reminder import ReminderKey, rung_due
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.expiries import Expiry, all_expiries
from rotation.ledger.notices import Notice
from rotation.ports.notices import Item, Message
from rotation.ports.tables import Insert, Query
from rotation.workflows.matters import matters
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.sending import send_notice
from rotation.workflows.services import Services

__all__ = ["digest", "digest_message", "send_notice"]

log = logging.getLogger(__name__)

TOLD_STATUSES = frozenset({"monitored", "foreign", "stray"})
"""What rotation does not do by itself; its own lines speak through their phases."""
NEVER_ENDING = frozenset({"monitored", "foreign", "stray", "predecessor", "current"})
"""Told of monthly where it has no end, until it can go."""


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
    return sent


async def _expiring(services: Services, configuration: Configuration) -> list[Reminder]:
    now = services.clock.now()
    reminders: list[Reminder] = []
    async for expiry in all_expiries(services.tables):
        rung = _rung(expiry, now, configuration.rungs)
        audience = expiry.audience or configuration.fallback_audience
        if rung is None or not audience:
            continue
        key = ReminderKey(subject=expiry.key_id, rung=rung, audience=AudienceName(audience), end_at=expiry.end_at)
        reminders.append(Reminder(key=key, item=_expiry_item(services, expiry)))
    return reminders


def _rung(expiry: Expiry, now: datetime, rungs: Sequence[int]) -> int | None:
    """Give the rung that has been reached; for what never ends, the month (negative, for it is no day)."""
    if expiry.end_at >= NEVER:
        return -int(f"{now:%Y%m}") if expiry.status in NEVER_ENDING else None
    return rung_due(expiry.end_at, now, rungs) if expiry.status in TOLD_STATUSES else None


def _expiry_item(services: Services, expiry: Expiry) -> Item:
    now = services.clock.now()
    days = (expiry.end_at - now).days
    if expiry.end_at >= NEVER:
        text = f"secret {expiry.credential_name!r} never ends and cannot be retired yet"
        return Item(state="waiting", subject=expiry.application, text=text, action="What to do")
    what = {"secret": "secret", "certificate": "certificate"}.get(expiry.kind, expiry.kind.replace("-", " "))
    when = f"ends in {days} days ({expiry.end_at:%Y-%m-%d})" if days >= 0 else f"expired on {expiry.end_at:%Y-%m-%d}"
    name = f" {expiry.credential_name!r}" if expiry.credential_name else ""
    state = "approaching" if days >= 0 else "expired"
    text = f"{what}{name} {when} and nobody rotates it"
    action = "Enrol" if expiry.kind == "secret" else "Renew"
    return Item(state=state, subject=expiry.application, text=text, act_by=f"{expiry.end_at:%Y-%m-%d}", action=action)


async def _waiting(services: Services, configuration: Configuration) -> list[Reminder]:
    """Speak of what waits for a person: hand-offs, approvals, and what is Blocked."""
    reminders: list[Reminder] = []
    now = services.clock.now()
    async for line in services.lines.all():
        if not (line.open or line.blocked):
            continue
        record = await ledger.read(services.tables, line.id.application)
        policy = configuration.policy(line.policy)
        audience = (policy.audience if policy else None) or configuration.fallback_audience
        if audience is None:
            continue
        for matter in matters(record, line):
            rung = rung_due(matter.by, now, configuration.rungs)
            key = ReminderKey(
                subject=matter.subject, rung=-1 if rung is None else rung, audience=audience, end_at=matter.by
            )
            reminders.append(Reminder(key=key, item=matter.item))
    return reminders


async def _one_audience(services: Services, audience: Audience, reminders: Sequence[Reminder]) -> int:
    """Save the notice before the claims, so that a claimed reminder is never without its notice (protocol.md)."""
    told = 0
    for channel in services.channels:
        if not channel.reaches(audience):
            continue
        key = f"digest-{services.ulids.make()}"
        claimed = await _claimed(services, {reminder.key.partition for reminder in reminders})
        fresh = [each for each in reminders if (each.key.partition, each.key.key(channel.name)) not in claimed]
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


async def _claimed(services: Services, partitions: Collection[str]) -> set[tuple[str, str]]:
    """Read what was claimed before, a partition at a time: a digest has far more reminders than months."""
    found: set[tuple[str, str]] = set()
    for partition in partitions:
        rows = services.tables.query(keys.REMINDERS, Query(partition=partition, columns=("claimed_by",)))
        found.update([(row.partition, row.key) async for row in rows])
    return found


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
