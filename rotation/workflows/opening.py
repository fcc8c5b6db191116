"""Open a rotation of a line: under the application's lease, in one transaction with the one that it succeeds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rotation.domain.brakes import RampCount
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import KeyId, LineId, RotationId
from rotation.domain.line import Line, Reason
from rotation.domain.policy import LineEntry
from rotation.domain.resumption import afresh
from rotation.domain.rotation import ATTEMPTS, PUBLISHED, Abandoned, Blocked, Closed, Planned, Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.lines import index
from rotation.ledger.notices import OUTBOX
from rotation.ports.notices import Item
from rotation.ports.tables import Change, Upsert
from rotation.workflows.admission import may_open
from rotation.workflows.asking import Ask, NotOpened, Opened, Opening
from rotation.workflows.cancelling import cancelled_deliveries
from rotation.workflows.links import Links
from rotation.workflows.notices import entry
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services

__all__ = ["Ask", "NotOpened", "Opened", "open_rotation"]

UNAPPROVED = frozenset({Reason.CANARY, Reason.COMPROMISED})
"""What waits for nobody's yes: a leaked secret works for whoever holds it until then."""


async def open_rotation(services: Services, line_id: LineId, ask: Ask) -> Opened | NotOpened:
    """
    Open a rotation of *line_id*, if it may be.

    Raises:
        NotFound: There is no such line.
        Refused: One is open already and does not yield (`already-open`).
        LeaseHeld: Somebody works on the application now.
    """
    if await ledger.line(services.tables, line_id) is None:
        raise NotFound(f"no line {line_id.name} of application {line_id.application} is enrolled", line=str(line_id))
    ulid = services.ulids.make()
    rotation_id = RotationId(line_id.application, ulid)
    fence = await take_application(services, rotation_id)
    try:
        record = await ledger.read(services.tables, line_id.application)
        line = record.lines.get(line_id.name)
        if line is None:
            raise NotFound(f"line {line_id} was released", line=str(line_id))
        configuration = await services.configurations.current()
        opening = Opening(
            services=services, fence=fence, record=record, line=line, configuration=configuration, ask=ask
        )
        answer = await _open(opening, rotation_id)
    finally:
        await fence.release(services.clock.now())
    if isinstance(answer, Opened):
        await nudge_rotation(services, answer.rotation)  # while we held the lease it would have been completed early
    return answer


async def _open(opening: Opening, rotation_id: RotationId) -> Opened | NotOpened:
    current = opening.record.rotations.get(opening.line.open or "")
    if current is not None and current.open and (answer := await _meet_open(opening, current)) is not None:
        return answer
    entry = await may_open(opening)
    if isinstance(entry, NotOpened):
        return entry
    return await _begin(
        opening, rotation_id, entry, succeeded=current if current is not None and current.open else None
    )


async def _meet_open(opening: Opening, current: Rotation) -> Opened | NotOpened | None:
    """Decide about a rotation that is open: join it, refuse, or (None) succeed it."""
    ask = opening.ask
    compromised, published = ask.reason is Reason.COMPROMISED, isinstance(current.working, PUBLISHED)
    if compromised and not published and not _own_key_burnt(current, ask):
        await _join(opening, current)
        return Opened(rotation=current.id, joined=True)
    if compromised or (ask.succeed and published):
        return None
    if ask.reason in {Reason.DUE, Reason.EXPIRED, Reason.GONE}:
        return None if published else NotOpened(why=f"rotation {current.id} is open")
    raise Refused(
        f"rotation {current.id} is open ({current.phase.phase})",
        reason="already-open",
        remedy="it yields to --succeed once it has published, and to a declared compromise",
        rotation=str(current.id),
    )


def _own_key_burnt(current: Rotation, ask: Ask) -> bool:
    """Tell whether what it has minted and not published is declared burnt: then it cannot be the next one."""
    if current.minted is not None:
        return current.minted.key_id in ask.burnt
    return ask.leaked_at is not None and current.opened_at < ask.leaked_at and current.mint_asked


async def _join(opening: Opening, current: Rotation) -> None:
    """Give an unpublished rotation the new reason and the burnt key ids; nothing but the pause holds it any more."""
    now = opening.services.clock.now()
    joined = replace(
        _unheld(current, now),
        reason=opening.ask.reason,
        burnt=tuple(sorted({*current.burnt, *opening.ask.burnt})),
        remove_first=opening.ask.remove_first,
        urgent=True,
    )
    line = _with_burnt(opening.line, opening.ask.burnt)
    facts = {**opening.ask.told, "burnt": ",".join(opening.ask.burnt)}
    event = ledger.put_event(now, opening.services.ulids.make(), what="rotation.joined", facts=facts)
    await opening.fence.commit([ledger.put_rotation(joined), ledger.put_line(line), event], now=now)
    await opening.services.wakes.set(current.id, now)


def _unheld(current: Rotation, now: datetime) -> Rotation:
    """Let it wait for no approval, and try again what stopped."""
    phase = current.phase
    if isinstance(phase, Blocked):
        resumed = current.moved(afresh(phase.resumes, now, attempts=ATTEMPTS), now)
        return _unheld(replace(resumed, resumed_from=phase.reason), now)
    return replace(current, phase=replace(phase, needs_approval=False)) if isinstance(phase, Planned) else current


def _with_burnt(line: Line, burnt: Sequence[KeyId]) -> Line:
    for key_id in burnt:
        held = line.key(key_id)
        if held is None:
            raise Refused(
                f"key id {key_id} is not of this line", reason="foreign-key", remedy="name key ids of `rotation show`"
            )
        line = line.marked(replace(held, burnt=True))
    return line


async def _begin(
    opening: Opening, rotation_id: RotationId, entry: LineEntry, *, succeeded: Rotation | None
) -> Opened | NotOpened:
    services, ask = opening.services, opening.ask
    if ask.scan and ask.reason is Reason.DUE and not await _counted(opening):
        return NotOpened(why="the ramp is full", braked=True)
    rotation = _planned(opening, rotation_id, entry, succeeded=succeeded)
    opened = replace(
        _with_burnt(opening.line, _burnt_of_line(ask, succeeded)),
        open=rotation_id.ulid,
        latest=rotation_id.ulid,
        blocked=None,
        repeated=ask.reason is Reason.GONE and opening.line.minted_at is not None,
    )
    now = rotation.opened_at
    await services.wakes.set(rotation_id, now)
    facts = {"rotation": rotation_id.ulid, "line": opened.id.name, **ask.told}
    changes = [
        ledger.put_line(opened),
        ledger.put_rotation(rotation),
        *_succeed(opening, succeeded, rotation_id),
        *_told(opening, rotation),
        ledger.put_event(now, services.ulids.make(), what="planned", facts=facts),
    ]
    await opening.fence.commit(changes, now=now)
    opening.record.lines[opened.id.name] = opened
    opening.record.rotations[rotation_id.ulid] = rotation
    await services.lines.put(index(opened, opening.record, rotation))
    if succeeded is not None:
        await services.wakes.set(succeeded.id, now)
    return Opened(rotation=rotation_id)


def _planned(opening: Opening, rotation_id: RotationId, entry: LineEntry, *, succeeded: Rotation | None) -> Rotation:
    line, ask, now = opening.line, opening.ask, opening.services.clock.now()
    return Rotation(
        id=rotation_id,
        line=line.id.name,
        client_id=line.client_id,
        application_name=line.display_name,
        reason=ask.reason,
        asked_by=ask.by,
        opened_at=now,
        predecessors=tuple(key.key_id for key in line.keys),
        phase=Planned(needs_approval=entry.terms.approval and ask.reason not in UNAPPROVED, ticket=ask.ticket),
        phase_since=now,
        burnt=_burnt_of_line(ask, succeeded),
        urgent=ask.reason is not Reason.DUE,
        remove_first=ask.remove_first,
    )


def _burnt_of_line(ask: Ask, succeeded: Rotation | None) -> tuple[KeyId, ...]:
    """Leave out what the abandoned one has minted: it never became the line's, and goes as an orphan."""
    own = succeeded.minted.key_id if succeeded and succeeded.minted and not succeeded.publication else None
    return tuple(key_id for key_id in ask.burnt if key_id != own)


def _told(opening: Opening, rotation: Rotation) -> list[Change]:
    """Say so where nothing of the line is valid any more, or where it waits for a second person's yes."""
    link = Links(opening.services.link).rotation(rotation.id)
    item = Item(state="waiting", subject=rotation.application_name, text="", link=link, action="Approve")
    found = []
    if rotation.reason in {Reason.EXPIRED, Reason.GONE}:
        why = "its secret has expired" if rotation.reason is Reason.EXPIRED else "somebody removed its secret"
        text = f"down now: {why}; a new one is under way"
        found.append(("down-now", replace(item, state="expired", text=text, action="Show")))
    if isinstance(rotation.phase, Planned) and rotation.phase.needs_approval:
        text = f"a rotation waits for approval by somebody other than {rotation.asked_by}"
        found.append(("approval-asked", replace(item, text=text)))
    policy = opening.line.enrolment.policy
    hearers = opening.configuration.hearers(policy, application=rotation.id.application)
    entries = [replace(entry(kind, hearers, told), urgent=kind == "down-now") for kind, told in found]
    return [
        Upsert(key=keys.outbox(rotation.id.ulid, opening.services.ulids.make()), values=OUTBOX.columns(each))
        for each in entries
    ]


def _succeed(opening: Opening, succeeded: Rotation | None, successor: RotationId) -> list[Change]:
    """End the rotation that is succeeded, and cancel what it has not delivered."""
    if succeeded is None:
        return []
    now = opening.services.clock.now()
    why = f"succeeded by {successor.ulid}"
    ended = ledger.put_rotation(_ended(succeeded, opening.ask, successor, now=now))
    return [ended, *cancelled_deliveries(opening.record, succeeded.id.ulid, why=why, now=now)]


def _ended(succeeded: Rotation, ask: Ask, successor: RotationId, *, now: datetime) -> Rotation:
    if succeeded.publication is not None:
        closed = Closed(how="succeeded-by", at=now, successor=successor.ulid, publication=succeeded.publication)
        return succeeded.moved(closed, now)
    why = f"its own credential was declared burnt; {successor.ulid} follows"
    return replace(succeeded, adopted=()).moved(Abandoned(why=why, by=ask.by, at=now), now)


async def _counted(opening: Opening) -> bool:
    """
    Raise tonight's counter before the act, within the ramp, under its etag.

    A crash makes a night smaller and never larger, and two that open at once cannot both take the last place.
    """
    services = opening.services
    beginning = await services.control.beginning.read()
    ramp = opening.configuration.limits.at(services.clock.now(), beginning.first_enrolled_at)
    granted = False

    def one_more(count: RampCount) -> RampCount:
        nonlocal granted
        tonight = count.of(opening.ask.scan)
        granted = tonight.opened < ramp.opened_per_night
        return replace(tonight, opened=tonight.opened + 1) if granted else tonight

    await services.control.ramp.change(one_more)
    return granted
