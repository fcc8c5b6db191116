"""What a person does to a rotation: approve, retry, abandon, acknowledge, pause. Each is in the audit trail."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from rotation.domain.brakes import Pause
from rotation.domain.delivery import (
    Acknowledged,
    AwaitingApproval,
    AwaitingPerson,
    DeliveryBlocked,
    DeliveryPhase,
    Pending,
)
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.line import ApprovedDestination
from rotation.domain.rotation import UNPUBLISHED, Abandoned, Blocked, Planned, Rotation, Staged, WorkingPhase
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import delivery_columns
from rotation.ports.tables import Change, Upsert
from rotation.workflows.errand import take_destination
from rotation.workflows.nudge import nudge_delivery, nudge_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services
from rotation.workflows.step import Event, Step


@asynccontextmanager
async def _step(services: Services, rotation_id: RotationId) -> AsyncIterator[Step]:
    if await ledger.rotation(services.tables, rotation_id) is None:
        raise NotFound(f"there is no rotation {rotation_id}", rotation=str(rotation_id))
    fence = await take_application(services, rotation_id)
    try:
        record = await ledger.read(services.tables, rotation_id.application)
        configuration = await services.configurations.current()
        rotation = record.rotations[rotation_id.ulid]
        yield Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
    finally:
        await fence.release(services.clock.now())


async def _wake(services: Services, rotation_id: RotationId) -> None:
    await services.wakes.set(rotation_id, services.clock.now())
    await nudge_rotation(services, rotation_id)


async def approve(services: Services, rotation_id: RotationId, *, by: str, ticket: str = "") -> None:
    """
    Say yes to a rotation that waits for it, and to its deliveries that wait.

    Raises:
        Refused: Nothing waits (`nothing-waits`), or the same person asked for it (`two-persons`).
    """
    async with _step(services, rotation_id) as step:
        phase = step.rotation.phase
        waiting = [
            name
            for name, stored in step.record.deliveries_of(rotation_id.ulid).items()
            if isinstance(stored.delivery.phase, AwaitingApproval)
        ]
        if isinstance(phase, Planned) and phase.needs_approval and not phase.approved_by:
            _another(step.rotation, by)
            approved = replace(step.rotation, phase=replace(phase, approved_by=by, ticket=ticket or phase.ticket))
            facts = {"by": by, "ticket": ticket}
            await step.save(rotation=approved, events=[Event(what="approved", facts=facts)])
        elif not waiting:
            raise Refused("nothing of this rotation waits for approval", reason="nothing-waits", remedy="rotation show")
        else:
            await _approve_places(step, waiting, by=by)
    for name in waiting:
        await _set_delivery(services, rotation_id, name, phase=Pending(), facts={"by": by, "ticket": ticket})
    await _wake(services, rotation_id)


async def _approve_places(step: Step, waiting: Sequence[DestinationName], *, by: str) -> None:
    """Record in the enrolment which places were approved, as they were when they began to wait."""
    stored = step.record.deliveries_of(step.rotation.id.ulid)
    others = tuple(place for place in step.line.enrolment.destinations if place.name not in waiting)
    fresh = tuple(ApprovedDestination(name=name, fingerprint=stored[name].delivery.fingerprint) for name in waiting)
    enrolment = replace(step.line.enrolment, destinations=(*others, *fresh))
    event = Event(what="destinations.approved", facts={"by": by, "destinations": ",".join(waiting)})
    await step.save(line=replace(step.line, enrolment=enrolment), events=[event])


def _another(rotation: Rotation, by: str) -> None:
    if rotation.asked_by == by:
        raise Refused("whoever asked cannot approve", reason="two-persons", remedy="ask another operator")


async def _set_delivery(
    services: Services,
    rotation_id: RotationId,
    name: DestinationName,
    *,
    phase: DeliveryPhase,
    facts: Mapping[str, str],
) -> None:
    rotation = await ledger.rotation(services.tables, rotation_id)
    if rotation is None:
        raise NotFound(f"there is no rotation {rotation_id}")
    fence = await take_destination(services, rotation, name)
    try:
        record = await ledger.read(services.tables, rotation_id.application)
        stored = record.deliveries.get((rotation_id.ulid, name))
        if stored is None or stored.delivery.ended:
            raise Refused(f"delivery to {name} is not open", reason="not-open", remedy="rotation show")
        now = services.clock.now()
        approved = facts.get("by") if isinstance(stored.delivery.phase, AwaitingApproval) else None
        after = replace(stored.delivery.moved(phase, now), approved_by=approved or stored.delivery.approved_by)
        told = {"rotation": rotation_id.ulid, "destination": name, **facts}
        changes: list[Change] = [
            Upsert(key=keys.delivery(rotation_id.ulid, name), values=delivery_columns(after)),
            ledger.put_event(now, services.ulids.make(), what=f"delivery.{phase.phase}", facts=told),
        ]
        await fence.commit(changes, now=now)
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
) -> None:
    """
    Record that a person says that a hand-off is done. It is not evidence: until usage shows the switch, the old
    secret stays.

    Raises:
        Refused: No hand-off waits there (`not-open`), or a question has no answer (`answers-missing`).
    """
    record = await ledger.read(services.tables, rotation_id.application)
    stored = record.deliveries.get((rotation_id.ulid, name))
    if stored is None or not isinstance(stored.delivery.phase, AwaitingPerson):
        raise Refused(f"no hand-off to {name} waits for a person", reason="not-open", remedy="rotation show")
    missing = [question for question in stored.delivery.phase.hand_off.questions if not answers.get(question)]
    if missing:
        raise Refused("not answered: " + " | ".join(missing), reason="answers-missing", remedy="answer every question")
    now = services.clock.now()
    phase = Acknowledged(by=by, at=now, answers=dict(answers), typed_end=typed_end)
    facts = {"by": by, **{f"answer_{place}": text for place, text in enumerate(answers.values(), 1)}}
    await _set_delivery(services, rotation_id, name, phase=phase, facts=facts)
    await _wake(services, rotation_id)


async def retry(services: Services, rotation_id: RotationId, *, by: str) -> None:
    """
    Let a Blocked rotation, and its Blocked deliveries, go on from where they stopped.

    Raises:
        Refused: Nothing of it is blocked.
    """
    async with _step(services, rotation_id) as step:
        phase = step.rotation.phase
        stopped = [
            name
            for name, stored in step.record.deliveries_of(rotation_id.ulid).items()
            if isinstance(stored.delivery.phase, DeliveryBlocked)
        ]
        if isinstance(phase, Blocked):
            resumed = replace(step.rotation, resumed_from=phase.reason)
            event = Event(what="retried", facts={"by": by, "reason": phase.reason})
            await step.save(_afresh(phase.resumes, step), rotation=resumed, events=[event])
        elif not stopped:
            raise Refused("nothing of this rotation is blocked", reason="not-blocked", remedy="rotation show")
    for name in stopped:
        await _set_delivery(services, rotation_id, name, phase=Pending(), facts={"by": by})
    await _wake(services, rotation_id)


def _afresh(phase: WorkingPhase, step: Step) -> WorkingPhase:
    """Give a proof its whole time again; every other phase goes on from where it stopped."""
    return replace(phase, staged_at=step.now, sign_ins=0) if isinstance(phase, Staged) else phase


async def abandon(services: Services, rotation_id: RotationId, *, by: str, why: str) -> None:
    """
    Give up a rotation that has published nothing; what it minted goes as an orphan.

    Raises:
        Refused: It has published: nothing can be taken back (`published`), or it has ended (`ended`).
    """
    async with _step(services, rotation_id) as step:
        if not step.rotation.open:
            raise Refused(f"it has ended ({step.rotation.phase.phase})", reason="ended")
        if not isinstance(step.rotation.working, UNPUBLISHED):
            raise Refused(
                "it has published; consumers may hold the new secret",
                reason="published",
                remedy="rotation rotate --succeed opens the next one",
            )
        given_up = replace(step.rotation, adopted=())
        line = step.record.lines.get(step.rotation.line)
        freed = replace(line, open=None) if line and line.open == rotation_id.ulid else None
        abandoned = Abandoned(why=why, by=by, at=step.now)
        await step.save(
            abandoned, rotation=given_up, line=freed, events=[Event(what="given-up", facts={"by": by, "why": why})]
        )
    await _wake(services, rotation_id)


async def pause(services: Services, *, by: str, reason: str) -> None:
    """Stop every mint, publish, delivery and removal before its next step; reminders go on."""
    now = services.clock.now()
    await services.control.set_pause(Pause(by=by, reason=reason, since=now))
    await services.control.audit(now, services.ulids.make(), "paused", by=by, reason=reason)


async def resume(services: Services, *, by: str, reason: str, breaker: bool = False) -> None:
    """Go on after a pause; with *breaker* close the circuit breaker too, which nothing else does."""
    now = services.clock.now()
    await services.control.set_pause(None)
    if breaker:
        await services.control.breaker.change(lambda before: before.reset())
    await services.control.audit(now, services.ulids.make(), "resumed", by=by, reason=reason, breaker=breaker)
