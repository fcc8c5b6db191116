"""What people are told of a rotation, in the words of ux.md."""

import logging
from collections.abc import Mapping

from rotation.domain.identifiers import AudienceName
from rotation.domain.rotation import Publication
from rotation.ledger import keys
from rotation.ledger.notices import Notice, OutboxEntry
from rotation.ports.notices import Item, Message
from rotation.ports.tables import Upsert
from rotation.workflows.nudge import nudge_notice
from rotation.workflows.services import Services
from rotation.workflows.step import Step

log = logging.getLogger(__name__)


def audience_of(step: Step) -> AudienceName | None:
    """Tell who hears of this line: the policy's audience, else the fallback."""
    policy = step.configuration.policy(step.line.enrolment.policy) if step.rotation.line in step.record.lines else None
    return (policy.audience if policy else None) or step.configuration.fallback_audience


def _entry(step: Step, kind: str, *, state: str, text: str, act_by: str = "") -> tuple[OutboxEntry, ...]:
    subject = step.rotation.application_name
    link = f"{step.services.link}/rotations/{step.rotation.id}" if step.services.link else ""
    item = Item(state=state, subject=subject, text=text, act_by=act_by, link=link)
    message = Message(title=f"{subject}: {text}", summary=text, items=(item,))
    return (OutboxEntry(kind=kind, audience=audience_of(step), message=message),)


def completed_notice(step: Step, publication: Publication) -> tuple[OutboxEntry, ...]:
    """Tell that it is done; the canary's nights are not news."""
    if step.is_canary:
        return ()
    lapsing = [key for key in step.line.keys if key.lapses]
    old = f", {len(lapsing)} old left to lapse" if lapsing else ", old ones removed"
    text = f"rotated, good until {publication.minted.end_at:%Y-%m-%d}{old}"
    return _entry(step, "rotated", state="done", text=text)


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
    return _entry(step, "still-in-use", state="overlapping", text=f"the old secret is still used: {seen[0]}")


def blocked_notice(step: Step, reason: str, detail: str) -> tuple[OutboxEntry, ...]:
    """Tell that it stopped, and until when the old secret works."""
    ends = [key.end_at for key in step.line.keys] if step.rotation.line in step.record.lines else []
    until = f" The old secret works until {max(ends):%Y-%m-%d}." if ends and max(ends) > step.now else ""
    return _entry(step, "blocked", state="blocked", text=f"stopped ({reason}): {detail}.{until}")


async def alarm(services: Services, slug: str, *, text: str) -> None:
    """Tell the fallback audience, once a day for each slug."""
    now = services.clock.now()
    configuration = await services.configurations.current()
    item = Item(state="blocked", subject="Rotation", text=text, link=services.link)
    notice = Notice(
        kind=slug,
        audience=configuration.fallback_audience,
        message=Message(title=f"Rotation: {text}", summary=text, items=(item,)),
        created_at=now,
    )
    log.warning("alarm.raised", extra={"slug": slug})
    if await tell_once(services, f"{slug}-{now:%Y%m%d}", notice):
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
