"""Delivering and Overlapping: wait for deliveries, then for evidence; a clock only lengthens the wait."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.delivery import (
    Acknowledged,
    AwaitingPerson,
    Cancelled,
    Delivery,
    DeliveryMode,
    Found,
    Level,
    Verdict,
    Verified,
)
from rotation.domain.evidence import Point, Standing, complete, hopeless, verified, weigh
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.line import HeldKey
from rotation.domain.rotation import Completed, Delivering, Overlapping, Publication, Retiring
from rotation.ledger import keys
from rotation.ledger.application import delivery_columns
from rotation.ports.tables import Change, Replace
from rotation.workflows.notices import completed_notice, still_in_use_notice
from rotation.workflows.phases import removal
from rotation.workflows.phases.gathering import build_case
from rotation.workflows.phases.publishing import begin_deliveries, missing_deliveries
from rotation.workflows.step import Event, Step

PERSON_TAKES = timedelta(minutes=30)
"""A delivery that takes longer waits for somebody, perhaps for weeks; programs are done before."""


async def wait_for_deliveries(step: Step) -> datetime | None:
    """Leave Delivering once every delivery has ended; each that ends wakes us."""
    phase = step.rotation.phase
    assert isinstance(phase, Delivering)
    await step.reload()
    if step.now - step.rotation.phase_since >= PERSON_TAKES:
        await step.application()  # one that is gone meanwhile closes the rotation
    await _drop_deliveries_that_left(step)
    await _confirm_by_usage(step, phase.publication)
    deliveries = step.record.deliveries_of(step.rotation.id.ulid)
    if any(not stored.delivery.ended for stored in deliveries.values()) and not _burnt(step):
        return step.now + timedelta(hours=1)
    await step.save(Overlapping(publication=phase.publication, since=step.now, missing={}))
    return None


def _burnt(step: Step) -> list[KeyId]:
    """
    Name the burnt key ids that may go now (protocol.md, Compromise).

    They wait for automatic destinations only, or for nothing where removal was asked for first; a person's hand-off
    does not keep a stolen secret alive.
    """
    burnt = [key.key_id for key in step.line.keys if key.burnt and key.key_id in step.rotation.predecessors]
    if not burnt or step.rotation.remove_first:
        return burnt
    named = step.named()
    stored = step.record.deliveries_of(step.rotation.id.ulid)
    for name, destination in named.items():
        assisted = step.services.integrations.of(destination).capabilities.mode is DeliveryMode.ASSISTED
        if not assisted and (name not in stored or not isinstance(stored[name].delivery.phase, Verified)):
            return []
    return burnt


@dataclass(slots=True, kw_only=True)
class _Found:
    """What one look at all predecessors gave."""

    gone: list[KeyId] = field(default_factory=list)
    removable: list[tuple[KeyId, tuple[str, ...]]] = field(default_factory=list)
    lapsing: list[KeyId] = field(default_factory=list)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sooner: list[datetime] = field(default_factory=list)
    """Instants at which something that is missing may be there."""


async def carry(step: Step) -> datetime | None:
    """Ask for evidence; go to Retiring, to Completed, or wait for a day."""
    phase = step.rotation.phase
    assert isinstance(phase, Overlapping)
    await step.reload()
    await step.permit()
    if planned := missing_deliveries(step, phase.publication):
        await begin_deliveries(step, planned, then=Delivering(publication=phase.publication))
        return None
    await _drop_deliveries_that_left(step)
    await _confirm_by_usage(step, phase.publication)
    application = await step.application()
    found = await _look_at_predecessors(step, phase.publication, application)
    return await _decide(step, phase, found)


async def _decide(step: Step, phase: Overlapping, found: _Found) -> datetime | None:
    if found.gone:
        await _retire(step, phase, found.gone[0], evidence=("no longer listed",), absent_at=step.now)
        return step.now + step.services.timing.look_spacing
    if found.removable:
        key_id, evidence = found.removable[0]
        if key_id not in _burnt(step) and (wait := await _removal_brake(step, key_id)) is not None:
            return wait
        await _retire(step, phase, key_id, evidence=evidence)
        return step.now + step.services.timing.look_spacing
    await _note_lapsing(step, found.lapsing)
    unfinished = any(not s.delivery.ended for s in step.record.deliveries_of(step.rotation.id.ulid).values())
    if found.missing or unfinished:
        await _stay(step, phase, found.missing)
        daily = step.now + step.services.timing.evidence_every
        return min([daily, *(instant for instant in found.sooner if instant > step.now)])
    notice = completed_notice(step, phase.publication)
    await step.save(Completed(publication=phase.publication, completed_at=step.now), outbox=notice)
    return None


async def _retire(
    step: Step, phase: Overlapping, key_id: KeyId, *, evidence: tuple[str, ...], absent_at: datetime | None = None
) -> None:
    retiring = Retiring(
        publication=phase.publication,
        since=step.now,
        key_id=key_id,
        evidence=evidence,
        absent_at=absent_at,
        told_at=phase.told_at,
    )
    facts = {"key_id": key_id, "evidence": "; ".join(evidence)}
    await step.save(retiring, events=[Event(what="retiring.key", facts=facts)])


async def _stay(step: Step, phase: Overlapping, missing: Mapping[str, tuple[str, ...]]) -> None:
    notice = () if phase.told_at else still_in_use_notice(step, missing)
    told_at = step.now if notice else phase.told_at
    await step.save(replace(phase, missing=missing, asked_at=step.now, told_at=told_at), outbox=notice)


async def _note_lapsing(step: Step, lapsing: list[KeyId]) -> None:
    line = step.line
    for key_id in lapsing:
        held = line.key(key_id)
        if held is not None and not held.lapses:
            line = line.marked(replace(held, lapses=True))
    if line is not step.line:
        facts = {"key_ids": ",".join(lapsing), "why": "evidence for removal cannot be had"}
        await step.save(line=line, events=[Event(what="left-to-lapse", facts=facts)])


async def _removal_brake(step: Step, key_id: KeyId) -> datetime | None:
    """Ramp, breaker and window hold removals; the canary's are its own, and an operator passes all but the breaker."""
    if step.is_canary:
        return None
    control, now = step.services.control, step.now
    if (await control.breaker.read()).open_reason is not None:
        return now + timedelta(hours=1)
    held = step.line.key(key_id)
    if held is not None and held.ordered_in(step.rotation.id.ulid):
        return None
    if step.held_by_window():
        return now + timedelta(hours=1)
    beginning = await control.beginning.read()
    ramp = step.configuration.limits.at(now, beginning.first_enrolled_at)
    night = await control.night.read()
    count = (await control.ramp.read()).of(night.scan if night else "")
    return None if count.may_remove(ramp) else now + timedelta(hours=1)


async def _look_at_predecessors(step: Step, publication: Publication, application: Application) -> _Found:
    found = _Found()
    case = await build_case(step, publication, application)
    burnt = _burnt(step)
    for key_id in step.rotation.predecessors:
        held = step.line.key(key_id)
        if held is None:
            continue
        if not application.holds(key_id):
            found.gone.append(key_id)
        elif word := _word(step, held, burnt):
            _at_once(found, held, word, back=removal.sent_back(step, held))
        elif held.end_at <= step.now:
            found.lapsing.append(key_id)
        else:
            successor = _unlisted(application, publication) or removal.sent_back(step, held)
            _sort(found, key_id, (*weigh(case, key_id, step.now), *successor))
    return found


def _word(step: Step, held: HeldKey, burnt: Collection[KeyId]) -> str:
    """Give the word for which a key goes without (a) to (d), where there is one."""
    return "declared compromised" if held.key_id in burnt else str(held.ordered_in(step.rotation.id.ulid) or "")


def _at_once(found: _Found, held: HeldKey, word: str, *, back: tuple[Point, ...]) -> None:
    if back:
        _sort(found, held.key_id, back)
    else:
        found.removable.insert(0, (held.key_id, (word,)))


def _unlisted(application: Application, publication: Publication) -> tuple[Point, ...]:
    """Give what the first of the two reads of (e) lacks; the second stands right before the removal."""
    if application.holds(publication.minted.key_id):
        return ()
    return (removal.successor_lacks("the directory does not list the successor"),)


def _sort(found: _Found, key_id: KeyId, points: tuple[Point, ...]) -> None:
    told = tuple(str(point) for point in points)
    if complete(points):
        found.removable.append((key_id, told))
    elif hopeless(points):
        found.lapsing.append(key_id)
    else:
        lacking = [point for point in points if point.standing is not Standing.THERE]
        found.missing[key_id] = tuple(str(point) for point in lacking)
        found.sooner.extend(point.until for point in lacking if point.until)


async def _drop_deliveries_that_left(step: Step) -> None:
    """Cancel deliveries to destinations that the configuration names no longer."""
    named = step.named()
    changes: list[Change] = []
    events: list[Event] = []
    for name, stored in step.record.deliveries_of(step.rotation.id.ulid).items():
        if name in named or isinstance(stored.delivery.phase, Cancelled):
            continue
        cancelled = replace(stored.delivery, phase=Cancelled(why="no longer configured", at=step.now))
        changes.append(_put(name, cancelled, stored.etag))
        events.append(Event(what="destination.left", facts={"destination": name}))
    if changes:
        await step.save(changes=changes, events=events)
        await step.reload()


async def _confirm_by_usage(step: Step, publication: Publication) -> None:
    """Let usage confirm what a person or an unreadable store cannot: only where one destination is meant."""
    named, use = step.named(), step.record.uses.get(publication.minted.key_id)
    if len(named) != 1 or use is None or use.confirmed_at is None:
        return
    (name,) = named
    stored = step.record.deliveries_of(step.rotation.id.ulid).get(name)
    if stored is None or verified(stored.delivery) or not _confirmable(stored.delivery):
        return
    verdict = Verdict(found=Found.CURRENT, level=Level.IN_USE, why="its new key id signs in")
    first = stored.delivery.first_verified_at or step.now
    now_verified = replace(stored.delivery, phase=Verified(verdict=verdict, at=step.now), first_verified_at=first)
    event = Event(what="delivery.in-use", facts={"destination": name})
    await step.save(changes=[_put(name, now_verified, stored.etag)], events=[event])
    await step.reload()


def _confirmable(delivery: Delivery) -> bool:
    return isinstance(delivery.phase, Acknowledged | AwaitingPerson | Verified)


def _put(name: DestinationName, delivery: Delivery, etag: str) -> Replace:
    return Replace(key=keys.delivery(delivery.rotation.ulid, name), values=delivery_columns(delivery), etag=etag)
