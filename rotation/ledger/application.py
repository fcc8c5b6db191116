"""Everything that the ledger knows of one application: one partition, read at once and changed together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rotation.domain.delivery import Delivery
from rotation.domain.errors import NotFound
from rotation.domain.holding import Holding
from rotation.domain.identifiers import DestinationName, KeyId, LineId, LineName, ObjectId, RotationId
from rotation.domain.line import Line
from rotation.domain.rebuilt import RebuiltLine
from rotation.domain.reissue import Reissue
from rotation.domain.rotation import Blocked, Rotation
from rotation.domain.use import OwnSignIns, Use
from rotation.ledger import keys
from rotation.ledger.changing import change_row
from rotation.ledger.codec import Codec
from rotation.ledger.fence import Place
from rotation.ledger.notices import OUTBOX, OutboxEntry
from rotation.ports.tables import Row, Tables, Upsert, Value, prefix

LINE: Codec[Line] = Codec(Line)
ROTATION: Codec[Rotation] = Codec(Rotation, version=2)
DELIVERY: Codec[Delivery] = Codec(Delivery, version=2)
HOLDING: Codec[Holding] = Codec(Holding)
USE: Codec[Use] = Codec(Use)
REBUILT: Codec[RebuiltLine] = Codec(RebuiltLine)
REISSUE: Codec[Reissue] = Codec(Reissue)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A delivery with the etag under which it was read."""

    delivery: Delivery
    etag: str


@dataclass(slots=True, kw_only=True)
class ApplicationRecord:
    """The live rows of one partition, as they were when they were read."""

    application: ObjectId
    lines: dict[LineName, Line] = field(default_factory=dict)
    rotations: dict[str, Rotation] = field(default_factory=dict)
    deliveries: dict[tuple[str, DestinationName], StoredDelivery] = field(default_factory=dict)
    holdings: dict[tuple[LineName, DestinationName], Holding] = field(default_factory=dict)
    uses: dict[KeyId, Use] = field(default_factory=dict)
    outbox: dict[str, OutboxEntry] = field(default_factory=dict)
    rebuilt: dict[LineName, RebuiltLine] = field(default_factory=dict)
    """Lines that wait for somebody to enrol them again, after the ledger was lost."""
    reissues: dict[LineName, Reissue] = field(default_factory=dict)
    """Lines whose secret is minted again, because the vault that held it was lost or leaked."""

    def rotation(self, rotation_id: RotationId) -> Rotation:
        """
        Give one rotation.

        Raises:
            NotFound: There is no such rotation.
        """
        found = self.rotations.get(rotation_id.ulid)
        if found is None:
            raise _no_rotation(rotation_id)
        return found

    def deliveries_of(self, ulid: str) -> dict[DestinationName, StoredDelivery]:
        """Give the deliveries of one rotation."""
        return {destination: stored for (owner, destination), stored in self.deliveries.items() if owner == ulid}

    def line_of(self, key_id: KeyId) -> LineId | None:
        """Find the line that a key id belongs to; None: it is foreign."""
        for line in self.lines.values():
            if line.key(key_id):
                return line.id
        return None

    def rebuilt_line_of(self, key_id: KeyId) -> RebuiltLine | None:
        """Find the line that a key id belonged to before the ledger was lost."""
        return next((line for line in self.rebuilt.values() if line.secret(key_id)), None)


def own_sign_ins(record: ApplicationRecord, key_id: KeyId) -> OwnSignIns | None:
    """
    Tell when we signed in with a key id of a line; None: with one that was handed over, never.

    Proofs are with its rotation, looks on behalf of a destination with the deliveries of that rotation.
    """
    line = record.line_of(key_id)
    held = record.lines[line.name].key(key_id) if line else None
    rotation = record.rotations.get(held.minted_by) if held and held.minted_by else None
    if rotation is None:
        return None
    looks = (stored.delivery.own_sign_in_at for stored in record.deliveries_of(rotation.id.ulid).values())
    ours = [*(rotation.own_sign_ins or ()), *(look for look in looks if look is not None)]
    published_at = rotation.publication.published_at if rotation.publication else None
    return OwnSignIns(first=min(ours), last=max(ours), published_at=published_at) if ours else None


async def read(tables: Tables, application: ObjectId) -> ApplicationRecord:
    """Read all live rows of one application."""
    record = ApplicationRecord(application=application)
    async for row in tables.query(keys.ROTATIONS, prefix(application, keys.LIVE)):
        _take(record, row)
    return record


def _take(record: ApplicationRecord, row: Row) -> None:
    match row.key.split("|"):
        case ["a", "line", name]:
            record.lines[LineName(name)] = LINE.record(row.values)
        case ["a", "rotation", ulid]:
            record.rotations[ulid] = ROTATION.record(row.values)
        case ["a", "delivery", ulid, destination]:
            stored = StoredDelivery(delivery=DELIVERY.record(row.values), etag=row.etag)
            record.deliveries[ulid, DestinationName(destination)] = stored
        case ["a", "destination", line, destination] if "state" in row.values:
            record.holdings[LineName(line), DestinationName(destination)] = HOLDING.record(row.values)
        case ["a", "use", key_id]:
            record.uses[KeyId(key_id)] = USE.record(row.values)
        case ["a", "rebuilt", name]:
            record.rebuilt[LineName(name)] = REBUILT.record(row.values)
        case ["a", "reissue", name]:
            record.reissues[LineName(name)] = REISSUE.record(row.values)
        case ["a", "outbox", _number]:
            record.outbox[row.key] = OUTBOX.record(row.values)


async def rotation(tables: Tables, rotation_id: RotationId) -> Rotation | None:
    """Read one rotation."""
    row = await tables.get(keys.ROTATIONS, rotation_id.application, keys.rotation(rotation_id.ulid))
    return ROTATION.record(row.values) if row else None


async def known_rotation(tables: Tables, rotation_id: RotationId) -> Rotation:
    """
    Read one rotation.

    Raises:
        NotFound: There is no such rotation.
    """
    found = await rotation(tables, rotation_id)
    if found is None:
        raise _no_rotation(rotation_id)
    return found


def _no_rotation(rotation_id: RotationId) -> NotFound:
    return NotFound(f"there is no rotation {rotation_id}", rotation=str(rotation_id))


async def line(tables: Tables, line_id: LineId) -> Line | None:
    """Read one line's truth."""
    row = await tables.get(keys.ROTATIONS, line_id.application, keys.line(line_id.name))
    return LINE.record(row.values) if row else None


async def holding(tables: Tables, line_id: LineId, destination: DestinationName) -> Holding | None:
    """Read what one destination of a line holds; None: nothing was ever delivered there."""
    row = await tables.get(keys.ROTATIONS, line_id.application, keys.holding(line_id.name, destination))
    return HOLDING.record(row.values) if row and "state" in row.values else None


def put_line(value: Line) -> Upsert:
    """Write a line; only under the application's lease."""
    return Upsert(
        key=keys.line(value.id.name),
        values={
            **LINE.columns(value),
            "policy": value.enrolment.policy,
            "open": value.open or "",
            "blocked": value.blocked.reason if value.blocked else "",
        },
    )


def put_rebuilt(value: RebuiltLine) -> Upsert:
    """Write what is known of a line after the ledger was lost; only under the application's lease."""
    return Upsert(key=keys.rebuilt(value.id.name), values=REBUILT.columns(value))


def put_reissue(name: LineName, value: Reissue) -> Upsert:
    """Write the word that a line's secret is minted again; only under the application's lease."""
    return Upsert(key=keys.reissue(name), values=REISSUE.columns(value))


def put_rotation(value: Rotation) -> Upsert:
    """Write a rotation; only under the application's lease."""
    columns: dict[str, Value] = {
        **ROTATION.columns(value),
        "line": value.line,
        "phase": value.phase.phase,
        "phase_since": value.phase_since,
        "why": value.reason,
        "blocked": value.phase.reason if isinstance(value.phase, Blocked) else "",
    }
    return Upsert(key=keys.rotation(value.id.ulid), values=columns)


def delivery_columns(value: Delivery) -> dict[str, Value]:
    """Give the columns of a delivery's row."""
    return {**DELIVERY.columns(value), "phase": value.phase.phase, "since": value.since}


def use_columns(value: Use) -> dict[str, Value]:
    """Write what is known of a key id's use."""
    columns: dict[str, Value] = USE.columns(value)
    return {**columns, "last_used_at": value.last_used_at} if value.last_used_at else columns


async def change_use(tables: Tables, application: ObjectId, key_id: KeyId, *, change: Callable[[Use], Use]) -> bool:
    """
    Change what is known of a key id's use, and tell whether that was anything new.

    The nightly pass and a removal's own look read it at once, without a lease: a sighting that the other wrote in
    between decides whether the key may go, so it is taken in and never written over.

    Raises:
        Unavailable: Too many others change it at once.
    """
    new = False

    async def changed(row: Row | None) -> Mapping[str, Value] | None:
        nonlocal new
        before = USE.record(row.values) if row else Use()
        after = change(before)
        new = after != before
        return use_columns(after) if new else None

    await change_row(tables, Place(table=keys.ROTATIONS, partition=application, key=keys.use(key_id)), changed)
    return new


def put_event(at: datetime, ulid: str, *, what: str, facts: Mapping[str, Any]) -> Upsert:
    """Write a line of history: what, and ids and names only."""
    values: dict[str, Value] = {name: str(value)[:2000] for name, value in facts.items() if value is not None}
    return Upsert(key=keys.event(at, ulid), values={**values, "what": what, "at": at})


async def events(tables: Tables, application: ObjectId) -> list[Row]:
    """Read the history of one application, oldest first."""
    return [row async for row in tables.query(keys.ROTATIONS, prefix(application, "z|event|"))]
