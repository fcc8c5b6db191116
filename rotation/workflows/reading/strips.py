"""What the last night did: a line a rotation, its phases as a strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.identifiers import RotationId
from rotation.ledger.lines import IndexedLine
from rotation.ledger.progress import Progress
from rotation.workflows.reading import links
from rotation.workflows.reading.states import STATES, says, state_of, why_stopped

ACTS = (
    ("planned", "reserve"),
    ("minting", "mint"),
    ("staged", "stage"),
    ("proven", "prove"),
    ("published", "publish"),
    ("delivering", "deliver"),
    ("overlapping", "overlap"),
    ("retiring", "retire"),
)
"""The phase in which each act is the next one, in order."""
OUTCOMES = {"completed": "done", "abandoned": "ended", "closed": "ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One place of a strip."""

    name: str
    how: str
    """`done`, `now`, `stopped`, `ahead`, or `not-taken` where the rotation ended without it."""
    note: str = ""
    """`3/3` for deliveries."""


STRIP_STATES = (*STATES, "done", "ended")
"""Most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One rotation, in a line."""

    rotation: str
    application: str
    name: str
    line: str
    reason: str
    state: str
    """The word of ux.md; `done` once completed, `ended` where it was abandoned or closed."""
    says: str
    opened_at: datetime
    since: datetime | None
    acts: tuple[Act, ...]
    link: str


def strip(entry: IndexedLine, progress: Progress, now: datetime) -> Strip:
    """Make the strip of a line's latest rotation."""
    rotation_id = RotationId(entry.id.application, progress.ulid)
    outcome = OUTCOMES.get(progress.working)
    return Strip(
        rotation=str(rotation_id),
        application=entry.id.application,
        name=entry.display_name,
        line=entry.id.name,
        reason=progress.reason,
        state=outcome or state_of(entry, now),
        says=progress.working if outcome else says(entry, now),
        opened_at=progress.opened_at,
        since=entry.phase_since,
        acts=acts(progress, stopped=bool(why_stopped(entry)) and not outcome),
        link=links.rotation(rotation_id),
    )


def acts(progress: Progress, *, stopped: bool) -> tuple[Act, ...]:
    """Give the places of a strip; an act is done once its phase has been left."""
    phases = [phase for phase, _name in ACTS]
    here = len(ACTS) if progress.working == "completed" else -1
    here = phases.index(progress.working) if progress.working in phases else here
    published = progress.published_at is not None
    told = []
    for place, (phase, name) in enumerate(ACTS):
        if here < 0:
            how = "done" if published and place <= phases.index("published") else "not-taken"
        else:
            how = "done" if place < here else "ahead" if place > here else "stopped" if stopped else "now"
        counted = phase == "delivering" and progress.destinations and how in {"done", "now", "stopped"}
        told.append(Act(name=name, how=how, note=f"{progress.verified}/{progress.destinations}" if counted else ""))
    return tuple(told)


def moved_since(lines: Sequence[IndexedLine], since: datetime, now: datetime) -> list[Strip]:
    """Give the rotations that were opened or moved since an instant, the latest move first."""
    moved = [
        strip(entry, entry.progress, now)
        for entry in lines
        if entry.progress is not None
        and max(entry.progress.opened_at, entry.phase_since or entry.progress.opened_at) >= since
    ]
    return sorted(moved, key=lambda each: (each.since or each.opened_at, each.rotation), reverse=True)
