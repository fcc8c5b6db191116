"""Retiring: one key id; evidence read anew, the removal, then two spaced reads that no longer list it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rotation.domain.brakes import RampCount
from rotation.domain.credential import Application
from rotation.domain.evidence import Point, SentBack, Standing, complete, weigh
from rotation.domain.line import HeldKey
from rotation.domain.rotation import Overlapping, Retiring
from rotation.workflows.notices import not_removable_notice
from rotation.workflows.pacing import hold_until_our_place, pace_of, take_place
from rotation.workflows.phases import removal
from rotation.workflows.phases.gathering import build_case
from rotation.workflows.step import Event, Step
from rotation.workflows.usage_pass import read_usage_of


async def carry(step: Step) -> datetime | None:
    """Carry the removal of one credential forward."""
    phase = step.rotation.phase
    assert isinstance(phase, Retiring)
    held = step.line.key(phase.key_id)
    if held is None:
        await step.save(_again(phase), events=[_stopped(phase, "it is not this line's any more")])
        return None
    await step.reload()
    application = await step.application()
    if not application.holds(phase.key_id):
        return await _absent(step, phase)
    if phase.absent_at is not None:
        phase = replace(phase, absent_at=None)
        await step.save(phase)
    return await _remove(step, phase, held)


async def _absent(step: Step, phase: Retiring) -> datetime | None:
    spacing = step.services.timing.look_spacing
    if phase.absent_at is None:
        await step.save(replace(phase, absent_at=step.now))
        return step.now + spacing
    if step.now < phase.absent_at + spacing:
        return phase.absent_at + spacing
    what = "retired" if phase.asked else "gone-already"
    facts = {"key_id": phase.key_id, "evidence": "; ".join(phase.evidence)}
    overlapping = replace(_again(phase), asked_at=step.now)
    line = step.line.without(phase.key_id)
    await step.save(overlapping, line=line, events=[Event(what=what, facts=facts)])
    return None


def _again(phase: Retiring, points: Sequence[Point] = ()) -> Overlapping:
    """Go back, and keep what people were told and what they are to see of this key."""
    lacking = tuple(str(point) for point in points if point.standing is not Standing.THERE)
    missing: dict[str, tuple[str, ...]] = {phase.key_id: lacking} if lacking else {}
    return Overlapping(publication=phase.publication, since=phase.since, missing=missing, told_at=phase.told_at)


def _stopped(phase: Retiring, why: str) -> Event:
    return Event(what="retiring.stopped", facts={"key_id": phase.key_id, "why": why})


async def _kept(step: Step, phase: Retiring, held: HeldKey, *, lacking: Point) -> datetime | None:
    """Go back because the successor does not work: people hear of it once a rotation, and pages show it."""
    before = step.rotation.sent_back
    notice = () if before else not_removable_notice(step, lacking.why)
    times = before.times + 1 if before else 1
    back = replace(step.rotation, sent_back=SentBack(at=step.now, why=lacking.why, times=times))
    overlapping = replace(_again(phase, (lacking,)), asked_at=step.now)
    await step.save(overlapping, rotation=back, events=[_stopped(phase, str(lacking))], outbox=notice)
    return next((point.until for point in removal.sent_back(step, held)), None)


async def _remove(step: Step, phase: Retiring, held: HeldKey) -> datetime | None:
    """Read the evidence anew, then remove: the proof stands next to the call."""
    await step.permit()
    spacing = step.services.timing.look_spacing
    if not phase.asked and step.now < phase.since + spacing:
        return phase.since + spacing
    hold_until_our_place(step)
    application = await step.application()
    pace = pace_of(step, application)
    await take_place(step, pace)
    if not held.burnt and not held.ordered_in(step.rotation.id.ulid):
        unread = await _read_usage_anew(step, application)
        case = await build_case(step, phase.publication, application, unread=unread)
        points = weigh(case, phase.key_id, step.now)
        if not complete(points):
            why = "evidence no longer holds: " + "; ".join(map(str, points))
            await step.save(_again(phase, points), events=[_stopped(phase, why)])
            return step.now + timedelta(hours=1) if unread else None
    if (lacking := await removal.successor_works(step, phase.publication, application)) is not None:
        return await _kept(step, phase, held, lacking=lacking)
    if not phase.asked and not await _may_go(step, held):
        return step.now + timedelta(hours=1)
    if not phase.asked or step.rotation.writes_at is not None:
        await step.save(replace(phase, asked=True), rotation=replace(step.rotation, writes_at=None))
    await step.permit()
    await removal.remove(step, phase.key_id, pace)
    return step.now + spacing


async def _may_go(step: Step, held: HeldKey) -> bool:
    """Ask the brakes: none holds a burnt key, and only the breaker what an operator retires at once."""
    if held.burnt:
        return True
    if held.ordered_in(step.rotation.id.ulid):
        return (await step.services.control.breaker.read()).open_reason is None
    return await _counted(step)


async def _read_usage_anew(step: Step, application: Application) -> frozenset[str]:
    """Read usage at this moment; gives the sources that do not answer now, whose silence tells nothing."""
    if step.is_canary:
        return frozenset()
    unread = await read_usage_of(step.services, application.object_id, application.client_id)
    await step.reload()
    return unread


async def _counted(step: Step) -> bool:
    """
    Raise tonight's counter before the act, within the ramp, under its etag.

    Asked here once more because any number of rotations may have come to Retiring before the first one counted.
    """
    if step.is_canary:
        return True
    control = step.services.control
    if step.held_by_window() or (await control.breaker.read()).open_reason is not None:
        return False
    night, beginning = await control.night.read(), await control.beginning.read()
    ramp = step.configuration.limits.at(step.now, beginning.first_enrolled_at)
    granted = False

    def one_more(count: RampCount) -> RampCount:
        nonlocal granted
        tonight = count.of(night.scan if night else "")
        granted = tonight.may_remove(ramp)
        return replace(tonight, removed=tonight.removed + 1) if granted else tonight

    await control.ramp.change(one_more)
    return granted
