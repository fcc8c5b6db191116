"""What people are told of a rotation, in the words of ux.md."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from rotation.domain.audience import Hearers
from rotation.domain.identifiers import DestinationName
from rotation.domain.rotation import Publication
from rotation.ledger import keys
from rotation.ledger.notices import Notice, OutboxEntry
from rotation.ports.notices import Item, Message
from rotation.ports.tables import Upsert
from rotation.workflows.links import Links
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.services import Services
from rotation.workflows.step import Step

log = logging.getLogger(__name__)


def hearers_of(step: Step) -> Hearers:
    """Tell who hears of this line: its policy's people, else the fallback."""
    policy = step.line.enrolment.policy if step.rotation.line in step.record.lines else None
    return step.configuration.hearers(policy, application=step.rotation.id.application)


def _entry(step: Step, kind: str, item: Item, *, urgent: bool = False, news: bool = False) -> tuple[OutboxEntry, ...]:
    told = replace(
        item, subject=step.rotation.application_name, link=Links(step.services.link).rotation(step.rotation.id)
    )
    return (replace(entry(kind, hearers_of(step), told), urgent=urgent, news=news),)


def entry(kind: str, hearers: Hearers, item: Item, *, title: str = "") -> OutboxEntry:
    """Make a notice about one thing, to be saved with the move that it tells of."""
    message = Message(title=title or f"{item.subject}: {item.text}", summary="", items=(item,))
    return OutboxEntry(kind=kind, audience=hearers.team, owners_of=hearers.owners_of, message=message)


def approvals_notice(step: Step, asked: Mapping[DestinationName, str]) -> tuple[OutboxEntry, ...]:
    """Ask for the yes that destinations of this rotation wait for."""
    if not asked:
        return ()
    text = "waits for approval: " + "; ".join(f"{name}, because {why}" for name, why in sorted(asked.items()))
    return _entry(step, "approval-asked", Item(state="waiting", subject="", text=text, action="Approve"))


def completed_notice(step: Step, publication: Publication) -> tuple[OutboxEntry, ...]:
    """Tell that it is done; the canary's nights are not news."""
    if step.is_canary:
        return ()
    lapsing = [key for key in step.line.keys if key.lapses]
    old = f", {len(lapsing)} old left to lapse" if lapsing else ", old ones removed"
    text = f"rotated, good until {publication.minted.end_at:%Y-%m-%d}{old}"
    return _entry(step, "rotated", Item(state="done", subject="", text=text, action="Show"), news=True)


def still_in_use_notice(step: Step, missing: Mapping[str, tuple[str, ...]]) -> tuple[OutboxEntry, ...]:
    """Tell which old key id is still used although everybody should have switched: when, and from where."""
    seen = [
        f"{key_id} {why}"
        for key_id, points in missing.items()
        for why in points
        if "last used" in why and not any(point.startswith(("(b)", "(c)")) for point in points)
    ]
    if not seen:
        return ()
    text = f"the old secret is still used: {seen[0]}"
    item = Item(state="overlapping", subject="", text=text, action="Show the evidence")
    return _entry(step, "still-in-use", item, news=True)


def not_removable_notice(step: Step, why: str) -> tuple[OutboxEntry, ...]:
    """Tell that evidence allows a removal and the successor does not work: somebody must look, or it stays."""
    text = f"the old secret cannot be removed, because the new one does not work: {why}"
    return _entry(step, "not-removable", Item(state="overlapping", subject="", text=text, action="Show the evidence"))


def blocked_notice(step: Step, reason: str, detail: str) -> tuple[OutboxEntry, ...]:
    """Tell that it stopped, and until when the old secret works."""
    ends = [key.end_at for key in step.line.keys] if step.rotation.line in step.record.lines else []
    works = max(ends) if ends and max(ends) > step.now else None
    until = f" The old secret works until {works:%Y-%m-%d}." if works else ""
    item = Item(
        state="blocked",
        subject="",
        text=f"stopped ({reason}): {detail}.{until}",
        due_at=works,
        uid=f"{step.rotation.id.ulid}.blocked",
        action="What to do",
    )
    return _entry(step, "blocked", item, urgent=works is None or works - step.now <= PRESSING)


URGENT_ALARMS = frozenset({"breaker-open", "canary-failed", "no-complete-scan", "rotation-stuck"})
"""Tonight's work stands still until somebody comes: they do not wait for quiet hours to end."""
PRESSING = timedelta(days=3)
"""What stopped this close before the last secret ends does not wait either."""


async def alarm(services: Services, slug: str, *, text: str, about: str = "") -> None:
    """Tell the fallback audience, once a day for each slug; once a month for each thing that it is *about*."""
    now = services.clock.now()
    configuration = await services.configurations.current()
    item = Item(state="blocked", subject="Rotation", text=text, link=Links(services.link).overview, action="Show")
    notice = Notice(
        kind=slug,
        audience=configuration.fallback_audience,
        message=Message(title=f"Rotation: {text}", summary="", items=(item,)),
        created_at=now,
        urgent=slug in URGENT_ALARMS,
    )
    log.warning("alarm.raised", extra={"slug": slug})
    if await tell_once(services, f"{slug}-{about or now.strftime('%Y%m%d')}", notice):
        await services.control.audit(now, services.ulids.make(), "alarm", slug=slug, text=text)


async def tell_once(services: Services, subject: str, notice: Notice) -> bool:
    """
    Put a notice on its way unless one about *subject* was before; tell whether it is the first.

    The claim in `reminders` outlives the notice, which is forgotten once it is sent; it comes after the notice, so
    that a crash in between tells people twice and never not at all.
    """
    now = services.clock.now()
    claim = (f"{now:%Y-%m}", f"{subject}|alarm")
    if await services.tables.get(keys.REMINDERS, *claim) is not None:
        return False
    key = f"alarm-{subject}"
    fresh = await services.notices.put(key, notice)
    claimed = Upsert(key=claim[1], values={"claimed_at": now, "claimed_by": key})
    await services.tables.commit(keys.REMINDERS, claim[0], [claimed])
    await nudge_notice(services, key)
    return fresh
