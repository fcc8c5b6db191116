"""Open what tonight's scan found due, within the brakes: the canary first, then the earliest ends."""

import logging
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import assert_never

from rotation.domain.brakes import Night, NightState
from rotation.domain.errors import LeaseHeld, RotationError
from rotation.domain.identifiers import LineId, RotationId
from rotation.domain.line import Reason
from rotation.domain.policy import Canary, Configuration
from rotation.domain.rotation import Blocked, Completed
from rotation.ledger import application as ledger
from rotation.ledger.lines import IndexedLine
from rotation.workflows.notices import alarm
from rotation.workflows.opening import Ask, NotOpened, Opened, open_rotation
from rotation.workflows.services import Services

log = logging.getLogger(__name__)


class Room(Enum):
    """What the brakes leave."""

    THERE = "there"
    NOT_FOR_THIS = "not for this line"
    NONE = "for none that comes after"


async def open_due(services: Services) -> None:
    """Carry tonight's opening forward; called each minute until it is done."""
    night = await services.control.night.read()
    if night is None or night.state in {NightState.DONE, NightState.STOPPED}:
        return
    configuration = await services.configurations.current()
    if night.state is NightState.CANARY:
        night = await _canary(services, night, configuration)
        await _write(services, night)
    if night.state is NightState.OPENING:
        await _write(services, await _open(services, night, configuration))


async def _write(services: Services, night: Night) -> None:
    """Write tonight's state, unless a newer scan has begun another night."""
    await services.control.night.change(lambda now: night if now is None or now.scan == night.scan else now)


async def _canary(services: Services, night: Night, configuration: Configuration) -> Night:
    canary = configuration.canary
    if canary is None:
        return replace(night, state=NightState.OPENING)
    line_id = LineId(canary.application, canary.line)
    if night.canary is None:
        begun = await _begin_canary(services, night, line_id)
        waits = begun.canary is None and begun.state is NightState.CANARY
        late = waits and _overdue(services.clock.now(), night, canary)
        return await _stop(services, begun, why=f"it cannot be opened: {begun.why}") if late else begun
    rotation = await ledger.rotation(services.tables, RotationId(line_id.application, night.canary))
    if rotation is not None and isinstance(rotation.phase, Completed):
        return replace(night, state=NightState.OPENING)
    failed = rotation is not None and isinstance(rotation.phase, Blocked)
    if failed or _overdue(services.clock.now(), night, canary):
        return await _stop(services, night, why=rotation.phase.phase if rotation else "missing")
    return night


async def _stop(services: Services, night: Night, *, why: str) -> Night:
    text = f"the canary did not complete ({why}): nothing is opened tonight"
    await alarm(services, "canary-failed", text=text)
    return replace(night, state=NightState.STOPPED, why=text)


def _overdue(now: datetime, night: Night, canary: Canary) -> bool:
    return now - night.began_at > canary.within


async def _begin_canary(services: Services, night: Night, line_id: LineId) -> Night:
    try:
        line = await ledger.line(services.tables, line_id)
        if line is not None and line.open:
            earlier = await ledger.rotation(services.tables, RotationId(line_id.application, line.open))
            if earlier is not None and earlier.open:
                return replace(night, canary=line.open)
        opened = await open_rotation(services, line_id, Ask(by="nightly scan", reason=Reason.CANARY, scan=night.scan))
    except LeaseHeld:
        return night
    except RotationError as error:
        return await _stop(services, night, why=f"it cannot be opened: {error.message}")
    if isinstance(opened, Opened):
        return replace(night, canary=opened.rotation.ulid)
    return replace(night, why=opened.why)


async def _open(services: Services, night: Night, configuration: Configuration) -> Night:
    lines = [line async for line in services.lines.all()]
    canary = configuration.canary
    due = [line for line in lines if line.due_in == night.scan and (canary is None or not _is(line, canary))]
    due.sort(key=lambda line: (not line.urgent, line.end_at is None, line.end_at, str(line.id)))
    under_way = sum(line.under_way for line in lines)
    opened = left = 0
    for place, line in enumerate(due):
        match await _room(services, configuration, night, line=line, under_way=under_way + opened):
            case Room.NONE:
                left += len(due) - place
                break
            case Room.NOT_FOR_THIS:
                left += 1
                continue
            case Room.THERE:
                tried = await _try(services, line, night)
            case _ as never:
                assert_never(never)
        opened += tried is True
        left += tried is None
    waiting = any(line.due_in == night.scan for line in due) and left > 0 and await _may_go_on(services, configuration)
    state = NightState.OPENING if waiting else NightState.DONE
    return replace(night, opened=night.opened + opened, left=left, state=state)


def _is(line: IndexedLine, canary: Canary) -> bool:
    return (line.id.application, line.id.name) == (canary.application, canary.line)


async def _room(
    services: Services, configuration: Configuration, night: Night, *, line: IndexedLine, under_way: int
) -> Room:
    """Ask the brakes whether one more may be opened; what is down now comes first, and passes ramp and window."""
    now = services.clock.now()
    if (await services.control.breaker.read()).open_reason is not None or await services.control.pause() is not None:
        return Room.NONE
    if line.urgent:
        return Room.THERE
    policy = configuration.policy(line.policy)
    ends_first = line.end_at is not None and line.end_at - now <= services.timing.phase_deadline
    if policy is not None and not policy.permits_now(now) and not ends_first:
        return Room.NOT_FOR_THIS
    beginning = await services.control.beginning.read()
    ramp = configuration.limits.at(now, beginning.first_enrolled_at)
    count = (await services.control.ramp.read()).of(night.scan)
    return Room.THERE if count.may_open(ramp, under_way) else Room.NONE


async def _may_go_on(services: Services, configuration: Configuration) -> bool:
    """Tell whether more can be opened tonight, once something under way has ended or a brake is released."""
    beginning = await services.control.beginning.read()
    ramp = configuration.limits.at(services.clock.now(), beginning.first_enrolled_at)
    night = await services.control.night.read()
    count = (await services.control.ramp.read()).of(night.scan if night else "")
    return count.opened < ramp.opened_per_night


async def _try(services: Services, line: IndexedLine, night: Night) -> bool | None:
    """Open one line; True where it was, False where it need not be, None where it must be tried again."""
    try:
        answer = await open_rotation(services, line.id, Ask(by="nightly scan", reason=Reason.DUE, scan=night.scan))
    except RotationError as error:
        log.warning("night.not-opened", extra={"line": str(line.id), "reason": error.reason})
        return None
    if isinstance(answer, NotOpened):
        if answer.braked:
            return None
        await _not_opened(services, line, answer)
        return False
    return True


async def _not_opened(services: Services, line: IndexedLine, answer: NotOpened) -> None:
    log.info("night.not-due", extra={"line": str(line.id), "why": answer.why})
    await services.lines.change(line.id, lambda now: replace(now, due_in=""))
