"""Open a rotation of a line: under the application's lease, in one transaction with the one that it succeeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rotation.domain.brakes import RampCount
from rotation.domain.credential import Application
from rotation.domain.delivery import Cancelled, DeliveryMode
from rotation.domain.errors import ApplicationGone, NotFound, Refused
from rotation.domain.identifiers import KeyId, LineId, RotationId
from rotation.domain.line import CannotOpen, Due, Line, LineBlock, NotDue, Reason, Sight, due
from rotation.domain.policy import Configuration, LineEntry, Mode, Policy
from rotation.domain.rotation import PUBLISHED, Closed, Planned, Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord, delivery_columns
from rotation.ledger.fence import Fence
from rotation.ledger.lines import index
from rotation.ports.directory import CredentialRules
from rotation.ports.tables import Change, Upsert
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks for what."""

    by: str
    reason: Reason
    burnt: tuple[KeyId, ...] = ()
    remove_first: bool = False
    succeed: bool = False
    """Yield an open rotation that has published; without it such a request is refused."""
    ticket: str = ""
    scan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A rotation was opened, or one was open already and does."""

    rotation: RotationId
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """Nothing was opened, and why."""

    why: str
    blocked: str = ""


@dataclass(slots=True, kw_only=True)
class _Opening:
    services: Services
    fence: Fence
    record: ApplicationRecord
    line: Line
    configuration: Configuration
    ask: Ask


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
        opening = _Opening(
            services=services, fence=fence, record=record, line=line, configuration=configuration, ask=ask
        )
        return await _open(opening, rotation_id)
    finally:
        await fence.release(services.clock.now())


async def _open(opening: _Opening, rotation_id: RotationId) -> Opened | NotOpened:
    current = opening.record.rotations.get(opening.line.open or "")
    if current is not None and current.open and (answer := await _meet_open(opening, current)) is not None:
        return answer
    entry = await _may(opening)
    if isinstance(entry, NotOpened):
        return entry
    await _begin(opening, rotation_id, entry, current if current is not None and current.open else None)
    return Opened(rotation=rotation_id)


async def _meet_open(opening: _Opening, current: Rotation) -> Opened | NotOpened | None:
    """Decide about a rotation that is open: join it, refuse, or (None) succeed it."""
    ask = opening.ask
    if not isinstance(current.working, PUBLISHED):
        if current.minted is not None and current.minted.key_id in ask.burnt:
            raise Refused(
                "its newest credential is not published yet and was declared burnt",
                reason="abandon-first",
                remedy=f"rotation abandon {current.id}",
                rotation=str(current.id),
            )
        if ask.reason is Reason.COMPROMISED:
            await _join(opening, current)
            return Opened(rotation=current.id, joined=True)
    if ask.reason is Reason.COMPROMISED or (ask.succeed and isinstance(current.working, PUBLISHED)):
        return None
    if ask.reason in {Reason.DUE, Reason.EXPIRED, Reason.GONE}:
        published = isinstance(current.working, PUBLISHED)
        return None if published else NotOpened(why=f"rotation {current.id} is open")
    raise Refused(
        f"rotation {current.id} is open ({current.phase.phase})",
        reason="already-open",
        remedy="it yields to --succeed once it has published, and to a declared compromise",
        rotation=str(current.id),
    )


async def _join(opening: _Opening, current: Rotation) -> None:
    """Give an unpublished rotation the new reason and the burnt key ids."""
    joined = replace(
        current,
        reason=opening.ask.reason,
        burnt=tuple(sorted({*current.burnt, *opening.ask.burnt})),
        remove_first=opening.ask.remove_first,
        urgent=True,
    )
    line = _with_burnt(opening.line, opening.ask.burnt)
    now = opening.services.clock.now()
    facts = {"by": opening.ask.by, "reason": opening.ask.reason, "burnt": ",".join(opening.ask.burnt)}
    event = ledger.put_event(now, opening.services.ulids.make(), what="rotation.joined", facts=facts)
    await opening.fence.commit([ledger.put_rotation(joined), ledger.put_line(line), event], now=now)
    await opening.services.wakes.set(current.id, now)
    await nudge_rotation(opening.services, current.id)


def _with_burnt(line: Line, burnt: Sequence[KeyId]) -> Line:
    for key_id in burnt:
        held = line.key(key_id)
        if held is None:
            raise Refused(
                f"key id {key_id} is not of this line", reason="foreign-key", remedy="name key ids of `rotation show`"
            )
        line = line.marked(replace(held, burnt=True))
    return line


async def _may(opening: _Opening) -> LineEntry | NotOpened:
    policy = opening.configuration.policy(opening.line.enrolment.policy)
    entry = policy.entry(opening.line.id.name, opening.line.id.application) if policy else None
    if policy is None or entry is None:
        return await _block(opening, "policy-gone", f"policy {opening.line.enrolment.policy} does not name this line")
    if (brake := await _braked(opening, policy)) is not None:
        return brake
    try:
        application = await opening.services.directory.application(opening.line.id.application)
    except ApplicationGone:
        return await _block(opening, "application-gone", "the directory does not find the application")
    rules = await opening.services.directory.rules(opening.line.id.application)
    return await _judge(opening, entry, application, rules)


async def _braked(opening: _Opening, policy: Policy) -> NotOpened | None:
    if await opening.services.control.pause() is not None:
        return NotOpened(why="paused")
    if policy.mode is not Mode.ROTATE:
        return NotOpened(why=f"policy {policy.name} says {policy.mode}")
    breaker = await opening.services.control.breaker.read()
    if breaker.open_reason is not None and opening.ask.reason not in {Reason.COMPROMISED, Reason.CANARY}:
        return NotOpened(why=f"the circuit breaker is open ({breaker.open_reason})")
    return None


async def _judge(
    opening: _Opening, entry: LineEntry, application: Application, rules: CredentialRules
) -> LineEntry | NotOpened:
    sight = sight_of(opening.services, opening.configuration, entry, application=application, rules=rules)
    answer = due(opening.line.last_published, sight, opening.services.clock.now())
    if isinstance(answer, CannotOpen) and not (_asked(opening.ask) and answer.reason == "rotating-too-often"):
        return await _block(opening, answer.reason, answer.detail)
    if isinstance(answer, NotDue) and not _asked(opening.ask):
        await _unblock(opening)
        return NotOpened(why=answer.why)
    if isinstance(answer, Due) and not _asked(opening.ask):
        opening.ask = replace(opening.ask, reason=answer.reason)
    return entry


def _asked(ask: Ask) -> bool:
    return ask.reason in {Reason.REQUESTED, Reason.COMPROMISED, Reason.CANARY}


def sight_of(
    services: Services,
    configuration: Configuration,
    entry: LineEntry,
    *,
    application: Application,
    rules: CredentialRules,
) -> Sight:
    """Gather what `due` is decided from."""
    kinds = [configuration.destinations[name] for name in entry.destinations if name in configuration.destinations]
    assisted = any(services.integrations.of(kind).capabilities.mode is DeliveryMode.ASSISTED for kind in kinds)
    return Sight(
        application=application,
        terms=entry.terms,
        longest=rules.longest,
        forbidden=rules.addition_forbidden,
        assisted=assisted,
    )


async def _block(opening: _Opening, reason: str, detail: str) -> NotOpened:
    now = opening.services.clock.now()
    before = opening.line.blocked
    since = before.since if before and before.reason == reason else now
    blocked = LineBlock(reason=reason, detail=detail, since=since, seen_at=now)
    await _write_line(opening, replace(opening.line, blocked=blocked), what="line.blocked", fresh=since == now)
    return NotOpened(why=detail, blocked=reason)


async def _unblock(opening: _Opening) -> None:
    if opening.line.blocked is not None:
        await _write_line(opening, replace(opening.line, blocked=None), what="line.unblocked", fresh=True)


async def _write_line(opening: _Opening, line: Line, *, what: str, fresh: bool) -> None:
    services, now = opening.services, opening.services.clock.now()
    changes: list[Change] = [ledger.put_line(line)]
    if fresh:
        facts = {"line": line.id.name, "reason": line.blocked.reason if line.blocked else None}
        changes.append(ledger.put_event(now, services.ulids.make(), what=what, facts=facts))
    await opening.fence.commit(changes, now=now)
    opening.line = line
    opening.record.lines[line.id.name] = line
    await services.lines.put(index(line, opening.record, opening.record.rotations.get(line.latest or "")))


async def _begin(opening: _Opening, rotation_id: RotationId, entry: LineEntry, succeeded: Rotation | None) -> None:
    services, ask, now = opening.services, opening.ask, opening.services.clock.now()
    line = _with_burnt(opening.line, ask.burnt)
    rotation = Rotation(
        id=rotation_id,
        line=line.id.name,
        client_id=line.client_id,
        application_name=line.display_name,
        reason=ask.reason,
        asked_by=ask.by,
        opened_at=now,
        predecessors=tuple(key.key_id for key in line.keys),
        phase=Planned(needs_approval=entry.terms.approval and ask.reason is not Reason.CANARY, ticket=ask.ticket),
        phase_since=now,
        burnt=ask.burnt,
        urgent=ask.reason is not Reason.DUE,
        remove_first=ask.remove_first,
    )
    opened = replace(
        line,
        open=rotation_id.ulid,
        latest=rotation_id.ulid,
        blocked=None,
        repeated=ask.reason is Reason.GONE and line.minted_at is not None,
    )
    if ask.scan and ask.reason is Reason.DUE:
        await count_opened(services, ask.scan)
    await services.wakes.set(rotation_id, now)
    changes = [ledger.put_line(opened), ledger.put_rotation(rotation), *_succeed(opening, succeeded, rotation_id)]
    facts = {"rotation": rotation_id.ulid, "line": line.id.name, "by": ask.by, "reason": ask.reason}
    changes.append(ledger.put_event(now, services.ulids.make(), what="planned", facts=facts))
    await opening.fence.commit(changes, now=now)
    opening.record.lines[line.id.name] = opened
    opening.record.rotations[rotation_id.ulid] = rotation
    await services.lines.put(index(opened, opening.record, rotation))
    await nudge_rotation(services, rotation_id)


def _succeed(opening: _Opening, succeeded: Rotation | None, successor: RotationId) -> list[Change]:
    """Close the rotation that is succeeded and cancel what it has not delivered, without If-Match."""
    if succeeded is None:
        return []
    now = opening.services.clock.now()
    closed = Closed(how="succeeded-by", at=now, successor=successor.ulid, publication=succeeded.publication)
    changes: list[Change] = [ledger.put_rotation(succeeded.moved(closed, now))]
    for name, stored in opening.record.deliveries_of(succeeded.id.ulid).items():
        if stored.delivery.ended:
            continue
        cancelled = replace(stored.delivery, phase=Cancelled(why=f"succeeded by {successor.ulid}", at=now), since=now)
        changes.append(Upsert(key=keys.delivery(succeeded.id.ulid, name), values=delivery_columns(cancelled)))
    return changes


async def count_opened(services: Services, night: str) -> None:
    """Raise tonight's counter before the act, so that a crash makes a night smaller and never larger."""

    def one_more(count: RampCount) -> RampCount:
        tonight = count.of(night)
        return replace(tonight, opened=tonight.opened + 1)

    await services.control.ramp.change(one_more)
