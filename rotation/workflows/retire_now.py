"""
Retire a predecessor at once, on an operator's word: the one way past (a) to (d) beside a declared compromise.

The word is noted with the key before anything is done, and holds in the rotation in which it was given. The usual step
removes: with ownership and (e) next to the call, two spaced reads after it, and pause and breaker asked once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.evidence import Standing, weigh
from rotation.domain.identifiers import KeyId, RotationId
from rotation.domain.line import HeldKey, RetireOrder
from rotation.domain.policy import Mode
from rotation.domain.rotation import Completed, Overlapping, Publication, Retiring
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Fence, Place
from rotation.workflows.in_hand import in_hand, wake
from rotation.workflows.phases.gathering import build_case
from rotation.workflows.services import Services
from rotation.workflows.step import Event, Step

ASKED_LAST = "(e) asked right before the removal: the successor must be listed and sign in"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvidence:
    """One predecessor: what is there, and what nobody can show."""

    key_id: KeyId
    ends_at: datetime
    last_used_at: datetime | None
    there: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirePreview:
    """What retiring at once would mean."""

    rotation: RotationId
    name: str
    line: str
    successor: KeyId
    keys: tuple[KeyEvidence, ...]
    brake: str
    """What holds it now; empty: nothing."""


async def preview(services: Services, rotation_id: RotationId, key_ids: Sequence[KeyId] = ()) -> RetirePreview:
    """
    Tell what evidence is missing for predecessors, all where none is named; writes nothing.

    Raises:
        NotFound: There is no such rotation.
        Refused: As `retire`, brakes aside.
    """
    record = await ledger.read(services.tables, rotation_id.application)
    rotation = record.rotation(rotation_id)
    configuration = await services.configurations.current()
    fence = _never_taken(services, rotation_id)
    step = Step(services=services, fence=fence, record=record, rotation=rotation, configuration=configuration)
    publication, chosen = _publication(step), _chosen(step, key_ids)
    application = await step.application()
    return RetirePreview(
        rotation=rotation_id,
        name=rotation.application_name,
        line=rotation.line,
        successor=publication.minted.key_id,
        keys=tuple([await _evidence(step, publication, held, application=application) for held in chosen]),
        brake=await _brake(step),
    )


def _never_taken(services: Services, rotation_id: RotationId) -> Fence:
    """Give a fence without a lease: through it nothing can be written."""
    place = Place(table=keys.ROTATIONS, partition=rotation_id.application, key=keys.LEASE)
    claim = Claim(owner=services.worker, token="", length=services.timing.lease)
    return Fence(services.tables, place, claim)


async def _evidence(step: Step, publication: Publication, held: HeldKey, *, application: Application) -> KeyEvidence:
    points = weigh(await build_case(step, publication, application), held.key_id, step.now)
    missing = [str(point) for point in points if point.standing is not Standing.THERE]
    if not application.holds(publication.minted.key_id):
        missing.append("(e) missing: the directory does not list the successor")
    else:
        missing.append(ASKED_LAST)
    use = step.record.uses.get(held.key_id)
    return KeyEvidence(
        key_id=held.key_id,
        ends_at=held.end_at,
        last_used_at=use.last_used_at if use else None,
        there=tuple(str(point) for point in points if point.standing is Standing.THERE),
        missing=tuple(missing),
    )


async def retire(
    services: Services, rotation_id: RotationId, key_ids: Sequence[KeyId], *, by: str, why: str, where: str = ""
) -> tuple[KeyId, ...]:
    """
    Note that predecessors go at once, and wake their rotation, which removes them; give which.

    Said twice it is as said once.

    Raises:
        NotFound: There is no such rotation.
        Refused: It is none of the line's predecessors (`foreign-key`, `not-retirable`), several could be meant
            (`ambiguous`), the rotation does not stand where one can go (`not-retirable`), or a brake holds
            (`brake-holds`).
    """
    async with in_hand(services, rotation_id) as step:
        publication, chosen = _publication(step), _chosen(step, key_ids)
        if brake := await _brake(step):
            raise Refused(brake, reason="brake-holds", remedy="rotation status", rotation=str(rotation_id))
        fresh = [held for held in chosen if held.ordered_in(rotation_id.ulid) is None]
        application = await step.application()
        for held in fresh:
            evidence = await _evidence(step, publication, held, application=application)
            await _note(
                step,
                held,
                evidence,
                order=RetireOrder(rotation=rotation_id.ulid, by=by, at=step.now, why=why),
                where=where,
            )
    await wake(services, rotation_id)
    return tuple(held.key_id for held in chosen)


async def _note(step: Step, held: HeldKey, evidence: KeyEvidence, *, order: RetireOrder, where: str) -> None:
    """Write the word down with what was missing when it was given: all that later speaks for it."""
    facts = {
        "key_id": held.key_id,
        "by": order.by,
        "where": where or None,
        "why": order.why,
        "missing": "; ".join(evidence.missing),
    }
    event = Event(what="retire.ordered", facts=facts)
    await step.save(line=step.line.marked(replace(held, order=order)), events=[event])


def _publication(step: Step) -> Publication:
    """Give what the line's destinations have now, where the rotation stands where a predecessor may go."""
    ulid, latest = step.rotation.id.ulid, step.line.latest
    if latest is not None and latest != ulid:
        raise _not_now(step, f"a later rotation of this line is {latest}", remedy=f"rotation retire {latest}")
    phase = step.rotation.phase
    if not isinstance(phase, Overlapping | Retiring | Completed):
        why = f"it is {phase.phase}: a predecessor goes only once every delivery of its successor has ended"
        raise _not_now(step, why, remedy=f"rotation show {ulid}")
    return phase.publication


def _not_now(step: Step, why: str, *, remedy: str) -> Refused:
    return Refused(why, reason="not-retirable", remedy=remedy, rotation=str(step.rotation.id))


def _chosen(step: Step, key_ids: Sequence[KeyId]) -> tuple[HeldKey, ...]:
    """Choose among the keys that this line holds beside its current one (invariant 3)."""
    held = {key.key_id: key for key in step.line.keys if key.key_id != step.line.current}
    if step.line.current in key_ids:
        why = f"{step.line.current} is the line's current secret"
        raise _not_now(step, why, remedy=f"rotation rotate {step.rotation.id.application} --line {step.rotation.line}")
    if foreign := [key_id for key_id in key_ids if key_id not in held]:
        why = f"key id {foreign[0]} is no predecessor of this line"
        raise Refused(why, reason="foreign-key", remedy=f"rotation show {step.rotation.id.application}")
    if not held:
        raise _not_now(step, "this line has no predecessor left", remedy=f"rotation show {step.rotation.id.ulid}")
    if not key_ids and len(held) > 1:
        why = f"this line has {len(held)} predecessors: {', '.join(held)}"
        raise Refused(why, reason="ambiguous", remedy="name each that is meant by its key id", key_ids=list(held))
    return tuple(held[key_id] for key_id in key_ids or held)


async def _brake(step: Step) -> str:
    """Name what holds an operator too: pause, mode, breaker."""
    if (pause := await step.services.control.pause()) is not None:
        return f"paused by {pause.by}: {pause.reason}"
    if step.policy.mode is not Mode.ROTATE:
        return f"policy {step.policy.name} says {step.policy.mode}"
    breaker = await step.services.control.breaker.read()
    return f"the circuit breaker is open ({breaker.open_reason})" if breaker.open_reason is not None else ""
