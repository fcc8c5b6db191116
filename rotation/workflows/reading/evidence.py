"""The evidence for the retirement of each predecessor, (a) to (e): there, missing, or not to be had; asked now."""

from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.evidence import Case, Point, Standing, weigh
from rotation.domain.identifiers import KeyId
from rotation.domain.line import HeldKey
from rotation.domain.rotation import Completed, Overlapping, Retiring, Rotation
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.workflows.errand import never_taken
from rotation.workflows.phases import removal
from rotation.workflows.phases.gathering import build_case
from rotation.workflows.services import Services
from rotation.workflows.step import Step

ASKS = {
    "a": "somebody is known to use the line",
    "b": "everybody has the successor",
    "c": "the overlap window is over",
    "d": "the old key is silent",
    "e": "the successor works",
}
ASKED_LAST = "asked-last"
WEIGHED = (Overlapping, Retiring, Completed)
"""Phases in which every delivery has ended, so that evidence can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One of (a) to (e)."""

    letter: str
    asks: str
    standing: str
    """`there`, `missing`, `cannot-be-had`, or `asked-last` for what is asked right before the removal only."""
    why: str
    source: str
    """Where the answer is from."""
    as_of: datetime
    """When that was read: now, or when the usage source was read last."""
    until: datetime | None
    """From when it may be there, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvidence:
    """One predecessor that is still there."""

    key_id: KeyId
    end_at: datetime
    last_used_at: datetime | None
    origin: str
    lapses: bool
    """Something cannot be had: it stays until its own end, and is removed as litter 30 days after."""
    ordered: str
    """An operator's word that it goes at once; empty: none was given."""
    rows: tuple[EvidenceRow, ...]


async def evidence(
    services: Services, rotation: Rotation, record: ApplicationRecord, *, application: Application
) -> tuple[KeyEvidence, ...]:
    """
    Weigh what stands for and against each predecessor, once every delivery has ended (`WEIGHED`).

    Raises:
        NeedsPerson: The line was released (`released`), or its policy is gone (`policy-gone`).
    """
    phase = rotation.working or rotation.phase
    assert isinstance(phase, WEIGHED)
    step = Step(
        services=services,
        fence=never_taken(services, rotation.id.application, keys.LEASE),
        record=record,
        rotation=rotation,
        configuration=await services.configurations.current(),
    )
    case = await build_case(step, phase.publication, application)
    left = [key for key in step.line.keys if key.key_id in rotation.predecessors]
    return tuple(_of(step, case, key.key_id, application=application) for key in left)


def _of(step: Step, case: Case, key_id: KeyId, *, application: Application) -> KeyEvidence:
    held, use = step.line.key(key_id), step.record.uses.get(key_id)
    assert held is not None
    points = weigh(case, key_id, step.now)
    publication = step.rotation.publication
    assert publication is not None
    rows = [_row(point, case, step.now) for point in points]
    return KeyEvidence(
        key_id=key_id,
        end_at=held.end_at,
        last_used_at=use.last_used_at if use else None,
        origin=use.origin if use else "",
        lapses=held.lapses,
        ordered=str(order) if (order := held.ordered_in(step.rotation.id.ulid)) else "",
        rows=(*rows, _successor(step, held, application.holds(publication.minted.key_id))),
    )


def _row(point: Point, case: Case, now: datetime) -> EvidenceRow:
    read = [source.read_at for source in case.usage.sources if source.read_at is not None]
    names = ", ".join(source.name for source in case.usage.sources) or "no usage source"
    sources = {"a": "configuration and enrolment", "b": "its deliveries", "c": "clock", "d": names}
    return EvidenceRow(
        letter=point.letter,
        asks=ASKS[point.letter],
        standing=point.standing,
        why=point.why,
        source=sources[point.letter],
        as_of=min(read, default=now) if point.letter == "d" else now,
        until=point.until,
    )


def _successor(step: Step, held: HeldKey, listed: bool) -> EvidenceRow:
    """Tell of (e) what can be told without signing in: that is done right before the removal, and only then."""
    row = EvidenceRow(
        letter="e",
        asks=ASKS["e"],
        standing=ASKED_LAST,
        why="listed; it must sign in right before the removal",
        source="directory",
        as_of=step.now,
        until=None,
    )
    if not listed:
        return replace(row, standing=Standing.MISSING, why="the directory does not list the successor")
    back, lacking = step.rotation.sent_back, removal.sent_back(step, held)
    if back is None or not lacking:
        return row
    (point,) = lacking
    asked = replace(row, source="our own sign-in", as_of=back.at, until=point.until)
    return replace(asked, standing=point.standing, why=point.why)
