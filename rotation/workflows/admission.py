"""May a rotation of this line be opened now? What stands against it blocks the line; what has gone lifts that."""

from dataclasses import replace

from rotation.domain.credential import Application
from rotation.domain.delivery import DeliveryMode
from rotation.domain.errors import ApplicationGone, Contested, NeedsPerson
from rotation.domain.line import CannotOpen, Due, Line, LineBlock, NotDue, Reason, Sight, due
from rotation.domain.policy import Configuration, LineEntry, Mode, Policy
from rotation.ledger import application as ledger
from rotation.ledger.lines import index
from rotation.ports.directory import CredentialRules
from rotation.ports.tables import Change
from rotation.workflows.asking import Ask, NotOpened, Opening
from rotation.workflows.contesting import is_contested
from rotation.workflows.services import Services


async def may_open(opening: Opening) -> LineEntry | NotOpened:
    """Ask policy, brakes, directory and `due`; what stands against it is noted on the line."""
    policy = opening.configuration.policy(opening.line.enrolment.policy)
    entry = policy.entry(opening.line.id.name, opening.line.id.application) if policy else None
    if policy is None or entry is None:
        return await _block(opening, "policy-gone", f"policy {opening.line.enrolment.policy} does not name this line")
    if (brake := await _braked(opening, policy)) is not None:
        return brake
    if is_contested(opening.line) and opening.ask.reason is not Reason.COMPROMISED:
        return NotOpened(why=f"somebody else is at work: {_seen(opening.line)}", blocked=Contested.reason)
    try:
        application = await opening.services.directory.application(opening.line.id.application)
        rules = await opening.services.directory.rules(opening.line.id.application)
    except ApplicationGone:
        return await _block(opening, "application-gone", "the directory does not find the application")
    except NeedsPerson as error:
        if asked(opening.ask):
            raise
        return await _block(opening, error.reason, error.message)
    return await _judge(opening, entry, application, rules=rules)


def _seen(line: Line) -> str:
    return line.blocked.detail if line.blocked else ""


async def _braked(opening: Opening, policy: Policy) -> NotOpened | None:
    if await opening.services.control.pause() is not None:
        return NotOpened(why="paused", braked=True)
    if policy.mode is not Mode.ROTATE:
        return NotOpened(why=f"policy {policy.name} says {policy.mode}")
    breaker = await opening.services.control.breaker.read()
    if breaker.open_reason is not None and opening.ask.reason not in {Reason.COMPROMISED, Reason.CANARY}:
        return NotOpened(why=f"the circuit breaker is open ({breaker.open_reason})", braked=True)
    return None


async def _judge(
    opening: Opening, entry: LineEntry, application: Application, *, rules: CredentialRules
) -> LineEntry | NotOpened:
    sight = sight_of(opening.services, opening.configuration, entry, application=application, rules=rules)
    reissue = opening.record.reissues.get(opening.line.id.name)
    reissued = reissue is not None and reissue.awaits(opening.line.minted_at)
    last = replace(opening.line.last_published, reissued=reissued)
    answer = due(last, sight, opening.services.clock.now())
    if isinstance(answer, CannotOpen) and not _passes(opening.ask, answer.reason):
        return await _block(opening, answer.reason, answer.detail)
    if isinstance(answer, NotDue) and not asked(opening.ask):
        await _unblock(opening)
        return NotOpened(why=answer.why)
    if isinstance(answer, Due) and not asked(opening.ask):
        opening.ask = replace(opening.ask, reason=answer.reason)
    return entry


def _passes(ask: Ask, reason: str) -> bool:
    """Tell what a person's word goes past: what is only too soon, and for a compromise whoever else is at work."""
    if reason == Contested.reason:
        return ask.reason is Reason.COMPROMISED
    return reason == "rotating-too-often" and asked(ask)


def asked(ask: Ask) -> bool:
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


async def _block(opening: Opening, reason: str, detail: str) -> NotOpened:
    now = opening.services.clock.now()
    before = opening.line.blocked
    since = before.since if before and before.reason == reason else now
    blocked = LineBlock(reason=reason, detail=detail, since=since, seen_at=now)
    await _write_line(opening, replace(opening.line, blocked=blocked), what="line.blocked", fresh=since == now)
    return NotOpened(why=detail, blocked=reason)


async def _unblock(opening: Opening) -> None:
    if opening.line.blocked is not None:
        await _write_line(opening, replace(opening.line, blocked=None), what="line.unblocked", fresh=True)


async def _write_line(opening: Opening, line: Line, *, what: str, fresh: bool) -> None:
    services, now = opening.services, opening.services.clock.now()
    changes: list[Change] = [ledger.put_line(line)]
    if fresh:
        facts = {"line": line.id.name, "reason": line.blocked.reason if line.blocked else None}
        changes.append(ledger.put_event(now, services.ulids.make(), what=what, facts=facts))
    await opening.fence.commit(changes, now=now)
    opening.line = line
    opening.record.lines[line.id.name] = line
    await services.lines.put(index(line, opening.record, opening.record.rotations.get(line.latest or "")))
