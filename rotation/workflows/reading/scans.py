"""Scans: the last weeks', newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.ledger.scans import ScanRecord, Scans
from rotation.workflows.reading import links
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.services import Services

LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRow:
    """One scan."""

    id: str
    passes: tuple[str, ...]
    asked_by: str
    asked_at: datetime
    dry_run: bool
    finished_at: datetime | None
    took: timedelta | None
    state: str
    """`done`, `blocked` where it is incomplete, `under-way`."""
    says: str
    counts: Mapping[str, int]
    link: str


async def scans(
    services: Services, *, since: datetime | None = None, limit: int = PAGE, cursor: str | None = None
) -> Paged[ScanRow]:
    """
    List scans, in one query; without *since*, those of the last 90 days.

    Raises:
        Misread: The cursor is none.
    """
    records = await Scans(services.tables).since(since or services.clock.now() - LOOKED_BACK)
    rows = [_row(record) for record in sorted(records, key=lambda record: record.id, reverse=True)]
    return paged(rows, lambda row: row.id, limit=limit, cursor=cursor, down=True)


def state_of(record: ScanRecord) -> tuple[str, str]:
    """Give the word of ux.md for a scan, and what it says."""
    if record.finished_at is None:
        return "under-way", "runs" if record.started_at else "waits for its turn"
    if not record.complete:
        return "blocked", f"incomplete: {record.problem}"
    return "done", "complete, only looked" if record.dry_run else "complete"


def _row(record: ScanRecord) -> ScanRow:
    began, ended = record.started_at or record.asked_at, record.finished_at
    state, says = state_of(record)
    return ScanRow(
        id=record.id,
        passes=record.passes,
        asked_by=record.asked_by,
        asked_at=record.asked_at,
        dry_run=record.dry_run,
        finished_at=ended,
        took=ended - began if ended else None,
        state=state,
        says=says,
        counts=record.counts,
        link=links.scan(record.id),
    )
