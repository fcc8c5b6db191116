"""What of a line waits for a person, by when, and under which name it is told once a rung."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rotation.domain.delivery import AwaitingApproval, AwaitingPerson, DeliveryBlocked
from rotation.domain.identifiers import DestinationName
from rotation.domain.line import LineBlock
from rotation.domain.rotation import Blocked, Planned, Rotation
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine
from rotation.ports.notices import Item
from rotation.workflows.links import Links

DETAIL = 240
"""Characters of what stopped it that fit in a line of a digest."""
NO_END = datetime(2199, 1, 1, tzinfo=UTC)
"""Where nothing ends, nothing presses: it is told once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that waits."""

    subject: str
    """The same for as long as it waits, whatever else comes and goes beside it."""
    by: datetime
    item: Item
    overdue_from: datetime | None = None
    """From when on it is too late, where a date was given to somebody."""
    destination: DestinationName | None = None
    """Where it waits, if it waits at one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """One line with its open rotation."""

    line: IndexedLine
    record: ApplicationRecord
    links: Links

    @property
    def ends_at(self) -> datetime:
        """When the last credential that its destinations may hold ends."""
        truth = self.record.lines.get(self.line.id.name)
        rotation = self.record.rotations.get(self.line.open or "")
        old = rotation.predecessors if rotation else ()
        ends = [key.end_at for key in truth.keys if key.key_id in old] if truth else []
        return max(ends, default=self.line.end_at or NO_END)

    @property
    def due_at(self) -> datetime | None:
        """The same for people: nothing, where nothing ends."""
        return self.ends_at if self.ends_at < NO_END else None


def matters(record: ApplicationRecord, line: IndexedLine, links: Links) -> Iterator[Matter]:
    """Name what waits for a person: the line or its rotation stopped, an approval, each delivery."""
    standing = _Standing(line=line, record=record, links=links)
    rotation = record.rotations.get(line.open or "")
    if line.blocked:
        truth = record.lines.get(line.id.name)
        subject, link = f"{line.id.application}.{line.id.name}.blocked", links.application(line.id.application)
        item = _stopped(standing, _why(line.blocked, truth.blocked if truth else None), subject=subject, link=link)
        yield Matter(subject=subject, by=standing.ends_at, item=item)
    if rotation is None:
        return
    if line.stopped:
        subject, link = f"{rotation.id.ulid}.blocked", links.rotation(rotation.id)
        item = _stopped(standing, _why(line.stopped, rotation.phase), subject=subject, link=link)
        yield Matter(subject=subject, by=standing.ends_at, item=item)
    if isinstance(rotation.phase, Planned) and rotation.phase.needs_approval and not rotation.phase.approved_by:
        yield _approval(standing, rotation)
    yield from _deliveries(standing, rotation)


def _why(reason: str, found: object) -> str:
    """Say why it stopped: in words, where what stopped has some."""
    if isinstance(found, LineBlock | Blocked | DeliveryBlocked) and found.reason == reason:
        return f"stopped ({reason}): {found.detail[:DETAIL]}"
    return f"stopped: {reason}"


def _stopped(standing: _Standing, text: str, *, subject: str, link: str) -> Item:
    return Item(
        state="blocked",
        subject=standing.line.display_name,
        text=text,
        due_at=standing.due_at,
        uid=subject,
        action="What to do",
        link=link,
    )


def _approval(
    standing: _Standing,
    rotation: Rotation,
    *,
    destination: DestinationName | None = None,
    why: str = "",
) -> Matter:
    subject = f"{rotation.id.ulid}.{destination}.approval" if destination else f"{rotation.id.ulid}.approval"
    text = f"{destination} waits for approval: {why}" if destination else "a rotation waits for approval"
    item = Item(
        state="waiting",
        subject=standing.line.display_name,
        text=text,
        due_at=standing.due_at,
        uid=subject,
        action="Approve",
        link=standing.links.rotation(rotation.id),
    )
    return Matter(subject=subject, by=standing.ends_at, item=item, destination=destination)


def _deliveries(standing: _Standing, rotation: Rotation) -> Iterator[Matter]:
    for destination, stored in standing.record.deliveries_of(rotation.id.ulid).items():
        match stored.delivery.phase:
            case AwaitingPerson():
                yield _hand_off(standing, rotation, destination, waiting=stored.delivery.phase)
            case AwaitingApproval(why=why):
                yield _approval(standing, rotation, destination=destination, why=why)
            case DeliveryBlocked(reason=reason) as blocked:
                subject, link = f"{rotation.id.ulid}.{destination}.blocked", standing.links.rotation(rotation.id)
                item = _stopped(standing, f"{destination} {_why(reason, blocked)}", subject=subject, link=link)
                yield Matter(subject=subject, by=standing.ends_at, item=item, destination=destination)
            case _:
                continue


def _hand_off(
    standing: _Standing, rotation: Rotation, destination: DestinationName, *, waiting: AwaitingPerson
) -> Matter:
    subject = f"{rotation.id.ulid}.{destination}"
    item = Item(
        state="waiting",
        subject=standing.line.display_name,
        text=f"{waiting.hand_off.title}: waits for you",
        due_at=waiting.deadline,
        uid=subject,
        action="Open the steps",
        link=standing.links.hand_off(rotation.id, destination),
    )
    return Matter(
        subject=subject,
        by=waiting.deadline,
        item=item,
        overdue_from=waiting.deadline,
        destination=destination,
    )
