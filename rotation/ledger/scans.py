"""One row a scan: who asked, how far it is, whether it was complete, what it found (table `scans`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rotation.domain.errors import Misread, NotFound
from rotation.domain.identifiers import ULID
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ports.tables import Query, Tables, Upsert, Value

DUE_TOLD = 200
PROBLEMS_TOLD = 50
LAST_DAY = "9999"
"""Sorts after every day."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """One line that the scan found due."""

    line: str
    application: str
    ends_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """What is known of one scan."""

    id: str
    passes: tuple[str, ...]
    asked_by: str
    asked_at: datetime
    dry_run: bool = False
    started_at: datetime | None = None
    progress_at: datetime | None = None
    finished_at: datetime | None = None
    complete: bool = False
    problem: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    due: tuple[DueLine, ...] = ()
    """The first of them, earliest end first."""
    remarks: tuple[str, ...] = ()
    """Strays, renamed applications, what could not be read: the first of them, with ids."""

    @property
    def silent_since(self) -> datetime:
        """When it last gave a sign of life."""
        return self.progress_at or self.started_at or self.asked_at


CODEC: Codec[ScanRecord] = Codec(ScanRecord, version=None)


def ulid_time(ulid: str) -> datetime:
    """
    Give the instant at which a ULID was made: ten characters of Crockford's base 32 are milliseconds.

    Raises:
        Misread: It is not a ULID.
    """
    if not ULID.fullmatch(ulid):
        raise Misread("ulid", ulid, "26 characters of Crockford's base 32")
    milliseconds = 0
    for character in ulid[:10]:
        milliseconds = milliseconds * 32 + _CROCKFORD.index(character)
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


class Scans:
    """The rows of table `scans`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, record: ScanRecord) -> None:
        """Write a scan's row."""
        look_at = record.silent_since
        columns: dict[str, Value] = {**CODEC.columns(record), "finished": record.finished_at is not None}
        if record.finished_at is None:
            columns["look_at"] = look_at
        day = f"{ulid_time(record.id):%Y-%m-%d}"
        await self._tables.commit(keys.SCANS, day, [Upsert(key=record.id, values=columns)])

    async def get(self, scan: str) -> ScanRecord:
        """
        Read a scan.

        Raises:
            NotFound: There is none of that id.
        """
        row = await self._tables.get(keys.SCANS, f"{ulid_time(scan):%Y-%m-%d}", scan)
        if row is None:
            raise NotFound(f"there is no scan {scan}", scan=scan)
        return CODEC.record(row.values)

    async def unfinished(self, now: datetime) -> list[ScanRecord]:
        """Read the scans that have not finished and were last heard of before *now*."""
        return [CODEC.record(row.values) async for row in self._tables.query(keys.SCANS, Query(due=("look_at", now)))]

    async def since(self, day: datetime) -> list[ScanRecord]:
        """Read the scans of that day and later, oldest first."""
        query = Query(partitions=(f"{day:%Y-%m-%d}", LAST_DAY))
        return [CODEC.record(row.values) async for row in self._tables.query(keys.SCANS, query)]
