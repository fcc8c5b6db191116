"""What a person does to a rotation: approve, retry, abandon, acknowledge, pause. Each is in the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rotation.domain.brakes import Pause
from rotation.domain.delivery import (
    Acknowledged,
    AwaitingApproval,
    AwaitingPerson,
    DeliveryBlocked,
    DeliveryPhase,
    HandOff,
    Pending,
)
from rotation.domain.errors import Refused
from rotation.domain.holding import Holding
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.line import ApprovedDestination
from rotation.domain.resumption import afresh
from rotation.domain.rotation import (
    ATTEMPTS,
    UNPUBLISHED,
    Abandoned,
    Blocked,
    Planned,
    Rotation,
)
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import HOLDING, delivery_columns
from rotation.ports.tables import Change, Upsert
from rotation.workflows.contesting import BY_PERSONS, lift_contested
from rotation.workflows.errand import take_destination
from rotation.workflows.in_hand import in_hand, wake
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.services import Services
from rotation.workflows.step import Event, Step

ONE_MORE = 1
"""Attempts to mint that the night grants."""
BY_KEY = ", by function key"
"""What follows the name of a person who came with a function key."""


async def approve(services: Services, rotation_id: RotationId, *, by: str, ticket: str = "", where: str = "") -> None:
    """
    Say yes to a rotation that waits for it, and to its deliveries that wait.

    Raises:
        Refused: Nothing waits (`nothing-waits`), or the same person asked for it (`two-persons`).
    """
    async with in_hand(services, rotation_id) as step:
        phase = step.rotation.phase
        waiting = [
            name
            for name, stored in step.record.deliveries_of(rotation_id.ulid).items()
            if isinstance(stored.delivery.phase, AwaitingApproval)
        ]
        if isinstance(phase, Planned) and phase.needs_approval and not phase.approved_by:
            _another(step.rotation, by)
            approved = replace(step.rotation, phase=replace(phase, approved_by=by, ticket=ticket or phase.ticket))
            facts = _told(by=by, ticket=ticket, where=where)
            await step.save(rotation=approved, events=[Event(what="approved", facts=facts)])
        elif not waiting:
            raise Refused("nothing of this rotation waits for approval", reason="nothing-waits", remedy="rotation show")
        else:
            await _approve_places(step, waiting, by=by, where=where)
    for name in waiting:
        await _set_delivery(
            services, rotation_id, name, phase=Pending(), facts=_told(by=by, ticket=ticket, where=where)
        )
    await wake(services, rotation_id)


async def _approve_places(step: Step, waiting: Sequence[DestinationName], *, by: str, where: str) -> None:
    """Record in the enrolment which places were approved, as they were when they began to wait."""
    stored = step.record.deliveries_of(step.rotation.id.ulid)
    others = tuple(place for place in step.line.enrolment.destinations if place.name not in waiting)
    fresh = tuple(ApprovedDestination(name=name, fingerprint=stored[name].delivery.fingerprint) for name in waiting)
    enrolment = replace(step.line.enrolment, destinations=(*others, *fresh))
    event = Event(what="destinations.approved", facts=_told(by=by, destinations=",".join(waiting), where=where))
    await step.save(line=replace(step.line, enrolment=enrolment), events=[event])


def _another(rotation: Rotation, by: str) -> None:
    if _person(rotation.asked_by) == _person(by):
        raise Refused("whoever asked cannot approve", reason="two-persons", remedy="ask another operator")


def _person(name: str) -> str:
    """Give one text for one person: a sign-in spells a name as it likes, and each door adds its own."""
    return name.removesuffix(BY_KEY).casefold()


async def _set_delivery(
    services: Services,
    rotation_id: RotationId,
    name: DestinationName,
    *,
    phase: DeliveryPhase,
    facts: Mapping[str, str],
    remembered: Mapping[str, str] | None = None,
) -> None:
    rotation = await ledger.known_rotation(services.tables, rotation_id)
    fence = await take_destination(services, rotation, name)
    try:
        record = await ledger.read(services.tables, rotation_id.application)
        stored = record.deliveries.get((rotation_id.ulid, name))
        if stored is None or stored.delivery.ended:
            raise Refused(f"delivery to {name} is not open", reason="not-open", remedy="rotation show")
        now = services.clock.now()
        approved = facts.get("by") if isinstance(stored.delivery.phase, AwaitingApproval) else None
        before = stored.delivery
        after = replace(
            before.moved(phase, now),
            approved_by=approved or before.approved_by,
            resumed_from=before.phase.reason if isinstance(before.phase, DeliveryBlocked) else before.resumed_from,
            journey=before.journey and services.ulids.make(),
        )
        told = {"rotation": rotation_id.ulid, "destination": name, **facts}
        changes: list[Change] = [
            Upsert(key=keys.delivery(rotation_id.ulid, name), values=delivery_columns(after)),
            ledger.put_event(now, services.ulids.make(), what=f"delivery.{phase.phase}", facts=told),
        ]
        holding = record.holdings.get((rotation.line, name)) or Holding(line=rotation.line, destination=name)
        known = replace(holding, remembered={**holding.remembered, **remembered}) if remembered else None
        await fence.commit(changes, now=now, payload=HOLDING.columns(known) if known else None)
    finally:
        await fence.release(services.clock.now())
    await services.wakes.set(rotation_id, services.clock.now(), destination=name)
    await nudge_delivery(services, rotation_id, name)


async def acknowledge(
    services: Services,
    rotation_id: RotationId,
    name: DestinationName,
    *,
    by: str,
    answers: Mapping[str, str],
    typed_end: str = "",
    where: str = "",
) -> None:
    """
    Record that a person says that a hand-off is done. It is not evidence: until usage shows the switch, the old
    secret stays.

    Raises:
        Refused: No hand-off waits there (`not-open`), something is not answered or not written down
            (`answers-missing`), or a question is answered no (`not-done`).
    """
    record = await ledger.read(services.tables, rotation_id.application)
    stored = record.deliveries.get((rotation_id.ulid, name))
    if stored is None or not isinstance(stored.delivery.phase, AwaitingPerson):
        raise Refused(f"no hand-off to {name} waits for a person", reason="not-open", remedy="rotation show")
    asked = stored.delivery.phase.hand_off
    _complete(asked, answers)
    now = services.clock.now()
    phase = Acknowledged(by=by, at=now, answers=dict(answers), typed_end=typed_end)
    facts = {**_told(by=by, where=where), **{f"answer_{place}": text for place, text in enumerate(answers.values(), 1)}}
    written = {record: answers[record].strip() for record in asked.records}
    await _set_delivery(services, rotation_id, name, phase=phase, facts=facts, remembered=written)
    await wake(services, rotation_id)


def _complete(asked: HandOff, answers: Mapping[str, str]) -> None:
    missing = [text for text in (*asked.questions, *asked.records) if not answers.get(text, "").strip()]
    if missing:
        raise Refused("not answered: " + " | ".join(missing), reason="answers-missing", remedy="answer every question")
    undone = [question for question in asked.questions if answers[question].strip().lower() != "yes"]
    if undone:
        told = "it is not done yet: " + " | ".join(undone)
        raise Refused(told, reason="not-done", remedy="finish the steps, then acknowledge again")


async def retry(
    services: Services,
    rotation_id: RotationId,
    *,
    by: str,
    where: str = "",
    person: bool = True,
) -> None:
    """
    Let a Blocked rotation, and its Blocked deliveries, go on from where they stopped.

    Minting may make twenty more attempts for a person, one for the night; they are counted on, so that none bears the
    number of another. What only a *person* may let go on stays where nobody but the night asks; a person's word lifts
    `contested` off the line too.

    Raises:
        Refused: Nothing of it is blocked (`not-blocked`).
    """
    async with in_hand(services, rotation_id) as step:
        phase = step.rotation.phase
        stopped = [
            name
            for name, stored in step.record.deliveries_of(rotation_id.ulid).items()
            if isinstance(stored.delivery.phase, DeliveryBlocked)
            and (person or stored.delivery.phase.reason not in BY_PERSONS)
        ]
        lifted = await lift_contested(step, by=by) if person else None
        if isinstance(phase, Blocked):
            resumed = replace(step.rotation, resumed_from=phase.reason)
            event = Event(what="retried", facts={"by": by, "where": where or None, "reason": phase.reason})
            more = ATTEMPTS if person else ONE_MORE
            await step.save(afresh(phase.resumes, step.now, attempts=more), rotation=resumed, events=[event])
        elif not stopped and lifted is None:
            raise Refused(
                f"nothing of this rotation is blocked ({phase.phase})",
                reason="not-blocked",
                remedy=f"rotation show {rotation_id.ulid}",
                rotation=str(rotation_id),
            )
    for owner, name in {*(lifted or ()), *((rotation_id, name) for name in stopped)}:
        await _set_delivery(services, owner, name, phase=Pending(), facts=_told(by=by, where=where))
    await wake(services, rotation_id)


def _told(**facts: str) -> dict[str, str]:
    return {name: text for name, text in facts.items() if text}


async def abandon(services: Services, rotation_id: RotationId, *, by: str, why: str, where: str = "") -> None:
    """
    Give up a rotation that has published nothing; what it minted goes as an orphan.

    Raises:
        Refused: It has published: nothing can be taken back (`published`), or it has ended (`ended`).
    """
    async with in_hand(services, rotation_id) as step:
        if not step.rotation.open:
            raise Refused(
                f"it has ended ({step.rotation.phase.phase})",
                reason="ended",
                remedy=f"rotation show {rotation_id.ulid}",
                rotation=str(rotation_id),
            )
        if not isinstance(step.rotation.working, UNPUBLISHED):
            raise Refused(
                "it has published; consumers may hold the new secret",
                reason="published",
                remedy=f"rotation rotate {rotation_id.application} --line {step.rotation.line} --succeed",
                rotation=str(rotation_id),
            )
        given_up = replace(step.rotation, adopted=())
        line = step.record.lines.get(step.rotation.line)
        freed = replace(line, open=None) if line and line.open == rotation_id.ulid else None
        abandoned = Abandoned(why=why, by=by, at=step.now)
        event = Event(what="given-up", facts=_told(by=by, where=where, why=why))
        await step.save(abandoned, rotation=given_up, line=freed, events=[event])
    await wake(services, rotation_id)


async def pause(services: Services, *, by: str, reason: str, where: str = "") -> None:
    """Stop every mint, publish, delivery and removal before its next step; reminders go on."""
    now = services.clock.now()
    await services.control.set_pause(Pause(by=by, reason=reason, since=now))
    await services.control.audit(now, services.ulids.make(), "paused", by=by, reason=reason, where=where or None)


async def resume(services: Services, *, by: str, reason: str, breaker: bool = False, where: str = "") -> None:
    """Go on after a pause; with *breaker* close the circuit breaker too, which nothing else does."""
    now = services.clock.now()
    await services.control.set_pause(None)
    if breaker:
        await services.control.breaker.change(lambda before: before.reset())
    told = {"by": by, "reason": reason, "breaker": breaker, "where": where or None}
    await services.control.audit(now, services.ulids.make(), "resumed", **told)
