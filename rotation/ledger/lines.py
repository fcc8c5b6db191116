"""The index of all lines for the scan. It decides nothing by itself: `a|line|name` is the truth."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from rotation.domain.delivery import AwaitingApproval, AwaitingPerson, DeliveryBlocked
from rotation.domain.identifiers import ClientId, DestinationName, KeyId, LineId, PolicyName
from rotation.domain.line import HeldKey, LastPublished, Line
from rotation.domain.rotation import Blocked, Delivering, Minting, Planned, Proven, Published, Rotation, Staged
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.changing import change_row
from rotation.ledger.codec import Codec
from rotation.ledger.fence import Place
from rotation.ledger.progress import Progress, progress_of
from rotation.ports.tables import Delete, Query, Row, Tables, Upsert, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedLine:
    """What the scan and the pages need of a line, without reading its application."""

    id: LineId
    client_id: ClientId
    display_name: str
    policy: PolicyName
    current: KeyId | None
    end_at: datetime | None
    keys: tuple[KeyId, ...]
    open: str | None
    latest: str | None
    phase: str
    under_way: bool
    blocked: str
    """Why no rotation may be opened."""
    stopped: str = ""
    """Why its open rotation is Blocked."""
    minted_at: datetime | None = None
    repeated: bool = False
    due_in: str = ""
    """The scan that found it due and not yet opened."""
    urgent: bool = False
    enrolled_at: datetime | None = None
    phase_since: datetime | None = None
    stopped_at: datetime | None = None
    """When its open rotation, or the delivery of it that stopped first, last stopped."""
    places_stopped: tuple[tuple[DestinationName, str], ...] = ()
    """Destinations whose delivery is Blocked, and why."""
    reissue_at: datetime | None = None
    """What was minted before is minted again: the vault that held it was lost or leaked."""
    progress: Progress | None = None
    """How far its latest rotation is, for lists."""

    def due_as(self, other: Self) -> Self:
        """Keep what a scan noted on another copy of this entry."""
        return replace(self, due_in=other.due_in, urgent=other.urgent)

    @property
    def last_published(self) -> LastPublished:
        """What decides whether the line is due."""
        held = HeldKey(key_id=self.current, end_at=self.end_at) if self.current and self.end_at else None
        old = self.reissue_at is not None and (self.minted_at is None or self.minted_at < self.reissue_at)
        return LastPublished(line=self.id, current=held, minted_at=self.minted_at, repeated=self.repeated, reissued=old)


CODEC: Codec[IndexedLine] = Codec(IndexedLine, version=None)
UNDER_WAY = (Planned, Minting, Staged, Proven, Published, Delivering)


def index(line: Line, record: ApplicationRecord, rotation: Rotation | None) -> IndexedLine:
    """Make the index entry of a line as it is now."""
    current = line.current_key
    return IndexedLine(
        id=line.id,
        client_id=line.client_id,
        display_name=line.display_name,
        policy=line.enrolment.policy,
        current=line.current,
        end_at=current.end_at if current else None,
        keys=tuple(key.key_id for key in line.keys),
        open=line.open,
        latest=line.latest,
        phase=rotation.phase.phase if rotation else "",
        under_way=_under_way(record, rotation),
        blocked=line.blocked.reason if line.blocked else "",
        minted_at=line.minted_at,
        repeated=line.repeated,
        enrolled_at=line.enrolment.at,
        stopped=rotation.phase.reason if rotation and isinstance(rotation.phase, Blocked) else "",
        phase_since=rotation.phase_since if rotation else None,
        stopped_at=_stopped_at(record, rotation),
        places_stopped=tuple((name, phase.reason) for name, phase in _places_stopped(record, rotation)),
        progress=progress_of(rotation, line, record) if rotation else None,
        reissue_at=record.reissues[line.id.name].at if line.id.name in record.reissues else None,
    )


def _places_stopped(
    record: ApplicationRecord, rotation: Rotation | None
) -> list[tuple[DestinationName, DeliveryBlocked]]:
    if rotation is None or not rotation.open:
        return []
    stored = sorted(record.deliveries_of(rotation.id.ulid).items())
    return [(name, each.delivery.phase) for name, each in stored if isinstance(each.delivery.phase, DeliveryBlocked)]


def _stopped_at(record: ApplicationRecord, rotation: Rotation | None) -> datetime | None:
    if rotation is not None and isinstance(rotation.phase, Blocked):
        return rotation.phase.since
    return min((phase.since for _name, phase in _places_stopped(record, rotation)), default=None)


def _under_way(record: ApplicationRecord, rotation: Rotation | None) -> bool:
    """Tell whether it counts against `open_at_once`: not while it waits for a person."""
    if rotation is None or not isinstance(rotation.phase, UNDER_WAY):
        return False
    if isinstance(rotation.phase, Planned) and rotation.phase.needs_approval and not rotation.phase.approved_by:
        return False
    waiting = (AwaitingApproval, AwaitingPerson)
    open_ones = [
        stored.delivery for stored in record.deliveries_of(rotation.id.ulid).values() if not stored.delivery.ended
    ]
    return not open_ones or not all(isinstance(delivery.phase, waiting) for delivery in open_ones)


def _columns(entry: IndexedLine) -> dict[str, Value]:
    return {
        **CODEC.columns(entry),
        "policy": entry.policy,
        "phase": entry.phase,
        "blocked": entry.blocked,
        "due_in": entry.due_in,
    }


class Lines:
    """The rows of table `lines`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, entry: IndexedLine) -> None:
        """Write an entry; always after the truth."""
        change = Upsert(key=keys.line_index(entry.id), values=_columns(entry))
        await self._tables.commit(keys.LINES, keys.shard(entry.id.application), [change])

    async def refresh(self, entry: IndexedLine) -> None:
        """
        Write an entry anew, and keep what a scan noted on it: it may be due while its rotation takes a step.

        Raises:
            Unavailable: Too many others change it at once.
        """

        async def kept(before: IndexedLine | None) -> IndexedLine:
            return entry.due_as(before) if before else entry

        await self.settle(entry.id, kept)

    async def change(self, line_id: LineId, how: Callable[[IndexedLine], IndexedLine]) -> bool:
        """
        Change an entry as it is at that moment, and tell whether it is there: one that was dropped stays so.

        Raises:
            Unavailable: Too many others change it at once.
        """

        async def changed(before: IndexedLine | None) -> IndexedLine | None:
            return how(before) if before else None

        return await self.settle(line_id, changed) is not None

    async def settle(
        self, line_id: LineId, make: Callable[[IndexedLine | None], Awaitable[IndexedLine | None]]
    ) -> IndexedLine | None:
        """
        Write what *make* gives for the entry as it is, and ask it again where another wrote in between; give that.

        None from *make*: nothing is written.

        Raises:
            Unavailable: Too many others change it at once.
        """
        after: IndexedLine | None = None

        async def made(row: Row | None) -> Mapping[str, Value] | None:
            nonlocal after
            before = CODEC.record(row.values) if row else None
            after = await make(before)
            return None if after is None or after == before else _columns(after)

        place = Place(table=keys.LINES, partition=keys.shard(line_id.application), key=keys.line_index(line_id))
        await change_row(self._tables, place, made)
        return after

    async def drop(self, line_id: LineId) -> None:
        """Remove an entry."""
        change = Delete(key=keys.line_index(line_id))
        await self._tables.commit(keys.LINES, keys.shard(line_id.application), [change])

    async def get(self, line_id: LineId) -> IndexedLine | None:
        """Read one entry."""
        row = await self._tables.get(keys.LINES, keys.shard(line_id.application), keys.line_index(line_id))
        return CODEC.record(row.values) if row else None

    async def all(self) -> AsyncIterator[IndexedLine]:
        """Read every entry."""
        async for row in self._tables.query(keys.LINES, Query()):
            yield CODEC.record(row.values)
