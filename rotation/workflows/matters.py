"""What of a line waits for a person, by when, and under which name it is told once a rung."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rotation.domain.delivery import AwaitingApproval, AwaitingPerson, DeliveryBlocked
from rotation.domain.rotation import Planned, Rotation
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine
from rotation.ports.notices import Item

NO_END = datetime(2199, 1, 1, tzinfo=UTC)
"""Where nothing ends, nothing presses: it is told once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that waits."""

    subject: str
    """The same for as long as it waits, whatever else comes and goes beside it."""
    by: datetime
    item: Item


def matters(record: ApplicationRecord, line: IndexedLine) -> Iterator[Matter]:
    """Name what waits for a person: the line or its rotation stopped, an approval, each delivery."""
    name, ends_at = line.display_name, _ends_at(record, line)
    rotation = record.rotations.get(line.open or "")
    if line.blocked:
        subject = f"{line.id.application}.{line.id.name}.blocked"
        yield Matter(subject=subject, by=ends_at, item=_stopped(line, line.blocked))
    if rotation is None:
        return
    if line.stopped:
        yield Matter(subject=f"{rotation.id.ulid}.blocked", by=ends_at, item=_stopped(line, line.stopped))
    if isinstance(rotation.phase, Planned) and rotation.phase.needs_approval and not rotation.phase.approved_by:
        item = Item(state="waiting", subject=name, text="a rotation waits for approval", action="Approve")
        yield Matter(subject=f"{rotation.id.ulid}.approval", by=ends_at, item=item)
    yield from _deliveries(record, rotation, name=name, ends_at=ends_at)


def _ends_at(record: ApplicationRecord, line: IndexedLine) -> datetime:
    """Give when the last credential that its destinations may hold ends."""
    truth = record.lines.get(line.id.name)
    rotation = record.rotations.get(line.open or "")
    old = rotation.predecessors if rotation else ()
    ends = [key.end_at for key in truth.keys if key.key_id in old] if truth else []
    return max(ends, default=line.end_at or NO_END)


def _stopped(line: IndexedLine, why: str) -> Item:
    return Item(state="blocked", subject=line.display_name, text=f"stopped: {why}", action="What to do")


def _deliveries(record: ApplicationRecord, rotation: Rotation, *, name: str, ends_at: datetime) -> Iterator[Matter]:
    for destination, stored in record.deliveries_of(rotation.id.ulid).items():
        subject = f"{rotation.id.ulid}.{destination}"
        match stored.delivery.phase:
            case AwaitingPerson(hand_off=hand_off, deadline=deadline):
                text = f"{hand_off.title}: waits for you"
                act_by = f"{deadline:%Y-%m-%d}"
                item = Item(state="waiting", subject=name, text=text, act_by=act_by, action="Open the steps")
                yield Matter(subject=subject, by=deadline, item=item)
            case AwaitingApproval(why=why):
                item = Item(state="waiting", subject=name, text=f"{destination} waits for approval: {why}")
                yield Matter(subject=f"{subject}.approval", by=ends_at, item=item)
            case DeliveryBlocked(reason=reason):
                item = Item(state="blocked", subject=name, text=f"{destination} stopped: {reason}", action="What to do")
                yield Matter(subject=f"{subject}.blocked", by=ends_at, item=item)
            case _:
                continue
