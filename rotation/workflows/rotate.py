"""
Carry one rotation forward: one step under the lease of its application.

A step goes on until its phase must wait. Waits are rows in `wakes`; what a phase raises is mapped here, and only here,
to what follows: again later, look first, Blocked, or quietly nothing (architecture.md, Errors).
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from rotation.domain.errors import ApplicationGone, NeedsPerson, NotFound, OutcomeUnknown, Retryable
from rotation.domain.identifiers import RotationId
from rotation.domain.rotation import (
    PUBLISHED,
    Abandoned,
    Blocked,
    Closed,
    Completed,
    Delivering,
    Minting,
    Overlapping,
    Planned,
    Proven,
    Published,
    Retiring,
    Rotation,
    Staged,
)
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Fence, Place
from rotation.ledger.lines import index
from rotation.ledger.scans import ulid_time
from rotation.workflows.backing_off import back_off, too_long
from rotation.workflows.cancelling import cancelled_deliveries
from rotation.workflows.notices import blocked_notice
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.outcome import count_outcome, on_with_the_others
from rotation.workflows.phases import aftermath, minting, overlapping, proving, publishing, retiring
from rotation.workflows.services import Services
from rotation.workflows.step import Event, Hold, Step
from rotation.workflows.waiting import Wait, until_next_look

log = logging.getLogger(__name__)

MOVES_A_STEP = 60
WAKE_KEPT_FOR = timedelta(days=1)
GONE_AFTER = timedelta(days=1)
"""Between two answers that there is no such application, unless it lies in the deleted items."""


async def advance(services: Services, rotation_id: RotationId) -> None:
    """
    Carry a rotation forward as far as it goes now, and write when to look again.

    Raises:
        LeaseHeld: Somebody else is at it; its wake stands.
        Superseded: Somebody else took over meanwhile.
    """
    fence = await take_application(services, rotation_id)
    try:
        wait = await _advance(services, fence, rotation_id)
    finally:
        await fence.release(services.clock.now())
    if wait is not None and (delay := await until_next_look(services, wait)) is not None:
        await nudge_rotation(services, rotation_id, delay=delay)


async def take_application(services: Services, rotation_id: RotationId) -> Fence:
    """Take the lease of the application: moves of its rotations, and Graph writes."""
    place = Place(table=keys.ROTATIONS, partition=rotation_id.application, key=keys.LEASE)
    claim = Claim(owner=services.worker, token=services.ulids.make(), length=services.timing.lease)
    return await Fence.take(services.tables, place, claim=claim, now=services.clock.now())


async def _advance(services: Services, fence: Fence, rotation_id: RotationId) -> Wait | None:
    """
    Give the wait that follows; None: nothing is left to do.

    The wake is set before anything is read: what others write later sets a wake of its own, which then stays.
    """
    etag = await services.wakes.set(rotation_id, services.clock.now() + services.timing.lease)
    record = await ledger.read(services.tables, rotation_id.application)
    rotation = record.rotations.get(rotation_id.ulid)
    if rotation is None:
        return await _never_committed(services, rotation_id, etag)
    configuration = await services.configurations.current()
    step = Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
    look_at = await carry(step)
    await write_index(step)
    if look_at is None:
        await services.wakes.drop(rotation_id, etag=etag)
        return None
    return Wait(rotation=rotation_id, look_at=look_at, etag=etag)


async def _never_committed(services: Services, rotation_id: RotationId, etag: str) -> Wait | None:
    """Forget a wake without a rotation when it is a day old; until then its Planned may still be on its way."""
    made_at = ulid_time(rotation_id.ulid)
    if services.clock.now() - made_at > WAKE_KEPT_FOR:
        await services.wakes.drop(rotation_id, etag=etag)
        return None
    return Wait(rotation=rotation_id, look_at=made_at + WAKE_KEPT_FOR + timedelta(minutes=1), etag=etag)


async def carry(step: Step) -> datetime | None:
    """Carry the rotation until it must wait; None: nothing is left to do."""
    for _move in range(MOVES_A_STEP):
        ended = not step.rotation.open
        try:
            look_at = await (_after(step) if ended else _once(step))
        except Hold as hold:
            return hold.until
        except Retryable as error:
            return await _again(step, error)
        except OutcomeUnknown as error:
            return await _unknown(step, error)
        except ApplicationGone as error:
            look_at = await _application_gone(step, error)
        except (NeedsPerson, NotFound) as error:
            look_at = await block(step, error)
        if look_at is not None or ended:
            return look_at
    return step.now


async def _once(step: Step) -> datetime | None:
    before = step.rotation
    if _released(step):
        await _end_released(step)
        return None
    look_at = await _phase(step)
    if _went_well(step) and step.rotation != step.rotation.calm():
        await step.save(rotation=step.rotation.calm())
    moved = step.rotation.phase.phase != before.phase.phase
    if moved and not isinstance(before.phase, Retiring):  # it came from Overlapping, which was counted
        await count_outcome(step)
    if moved or isinstance(step.rotation.phase, Delivering | Overlapping):
        await on_with_the_others(step)  # these wait, and have read all that they need to wait
    await aftermath.send_outbox(step)
    return look_at


def _went_well(step: Step) -> bool:
    """Tell whether the back-off begins anew: not while minting, where looks for what failed lie between the tries."""
    return step.rotation.open and not isinstance(step.rotation.phase, Minting)


async def _phase(step: Step) -> datetime | None:
    match step.rotation.phase:
        case Planned():
            return await minting.plan(step)
        case Minting():
            return await minting.carry(step)
        case Staged():
            return await proving.carry(step)
        case Proven():
            return await publishing.publish(step)
        case Published():
            return await publishing.plan_deliveries(step)
        case Delivering():
            return await overlapping.wait_for_deliveries(step)
        case Overlapping():
            look_at = await overlapping.carry(step)
            return look_at and _sooner(look_at, await aftermath.sweep(step, step.looked))
        case Retiring():
            return await retiring.carry(step)
        case Blocked():
            await aftermath.send_outbox(step)
            return _sooner(step.now + step.services.timing.evidence_every, await aftermath.sweep(step))
        case Completed() | Abandoned() | Closed():
            return None
        case _ as never:
            assert_never(never)


def _sooner(first: datetime, second: datetime | None) -> datetime:
    """Give the sooner of two waits, where there are two."""
    return min(first, second or first)


async def _again(step: Step, error: Retryable) -> datetime:
    """Look again when the service says, else exponentially later; Blocked only past the phase's deadline."""
    now = step.now
    if too_long(step.rotation.failing_since, step.now, step.services.timing.phase_deadline):
        return await block(step, NeedsPerson(f"still {error.reason}: {error.message}", reason="gave-up"))
    tries = step.rotation.tries
    await step.save(rotation=step.rotation.retried(now))
    log.info("rotation.retry", extra={"rotation": str(step.rotation.id), "reason": error.reason, "tries": tries})
    return now + (error.retry_after or back_off(tries))


async def _unknown(step: Step, error: OutcomeUnknown) -> datetime:
    """
    Look before acting again; what never answers ends as what always fails.

    While minting it is no try: those are the looks for what was staged, and attempts have a number of their own.
    """
    log.warning("rotation.outcome-unknown", extra={"rotation": str(step.rotation.id), "reason": error.reason})
    if too_long(step.rotation.failing_since, step.now, step.services.timing.phase_deadline):
        return await block(step, NeedsPerson(f"still {error.reason}: {error.message}", reason="gave-up"))
    before = step.rotation
    again = before.retried(step.now)
    minting = isinstance(before.phase, Minting)
    await step.save(rotation=replace(again, tries=before.tries) if minting else again)
    return step.now + max(step.services.timing.look_spacing, timedelta(0) if minting else back_off(before.tries))


async def block(step: Step, error: NeedsPerson | NotFound) -> datetime:
    """Stop, say why, tell people once, not again after each nightly look; the old credential stays."""
    phase = step.rotation.working
    if phase is None or isinstance(step.rotation.phase, Blocked):
        log.warning("rotation.still-stopped", extra={"rotation": str(step.rotation.id), "reason": error.reason})
        return step.now + step.services.timing.evidence_every
    blocked = Blocked(reason=error.reason, detail=error.message[:1000], since=step.now, resumes=phase)
    known = step.rotation.resumed_from == error.reason
    await step.save(blocked, outbox=() if known else blocked_notice(step, error.reason, error.message[:500]))
    if not known:  # one that stops for the same reason night after night is one rotation, not five in a row
        await count_outcome(step)
    await aftermath.send_outbox(step)
    return step.now + step.services.timing.evidence_every


def _released(step: Step) -> bool:
    """Tell whether its line was released; one of that name that was enrolled since is another."""
    line = step.record.lines.get(step.rotation.line)
    return line is None or line.open != step.rotation.id.ulid


async def _end_released(step: Step) -> None:
    """End a rotation whose line was released: nothing that is published is removed."""
    rotation = step.rotation
    if isinstance(rotation.working, PUBLISHED):
        await step.save(Closed(how="by-person", at=step.now, publication=rotation.publication, by="release"))
    else:
        await step.save(Abandoned(why="the line was released", by="release", at=step.now))


async def _application_gone(step: Step, error: ApplicationGone) -> datetime | None:
    """
    Close when the application is in deletion, or still not found a day later; the vault's secret is kept.

    What has ended is looked at no more then: until that, litter may still be owed.
    """
    deleted = await step.services.directory.is_deleted(step.rotation.id.application)
    since = step.rotation.missing_since
    if not deleted and since is None:
        missing = replace(step.rotation, missing_since=step.now)
        await step.save(rotation=missing, events=[Event(what="application.not-found")])
        return step.now + GONE_AFTER
    if not deleted and since is not None and step.now < since + GONE_AFTER:
        return since + GONE_AFTER
    if not step.rotation.open:
        return None
    closed = Closed(how="application-gone", at=step.now, publication=step.rotation.publication)
    event = Event(what="application.gone", facts={"why": error.message})
    changes = cancelled_deliveries(step.record, step.rotation.id.ulid, why="its application is gone", now=step.now)
    await step.save(closed, events=[event], changes=changes)
    return None


async def _after(step: Step) -> datetime | None:
    """Do what an ended rotation still owes, and tell when to look again."""
    await _free_line(step)
    await aftermath.send_outbox(step)
    if step.rotation.line not in step.record.lines:
        return None
    if isinstance(step.rotation.phase, Closed) and step.rotation.phase.how == "application-gone":
        return None
    again = [await aftermath.sweep(step), await aftermath.remove_litter(step)]
    if step.rotation.missing_since is not None:
        await step.save(rotation=replace(step.rotation, missing_since=None))
    return min((look_at for look_at in again if look_at is not None), default=None)


async def _free_line(step: Step) -> None:
    line = step.record.lines.get(step.rotation.line)
    if line is not None and line.open == step.rotation.id.ulid:
        await step.save(line=replace(line, open=None))


async def write_index(step: Step) -> None:
    """Write the line's index entry after the truth; that it is due tonight stays noted."""
    line = step.record.lines.get(step.rotation.line)
    if line is None:
        return
    latest: Rotation | None = step.record.rotations.get(line.latest or "")
    await step.services.lines.refresh(index(line, step.record, latest))
