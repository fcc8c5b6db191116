"""How new the picture is: the last scans, whether they were complete, when the next one is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.ledger.control import Standing
from rotation.ledger.scans import ScanRecord, Scans
from rotation.workflows.scanning import NIGHTLY
from rotation.workflows.services import Services
from rotation.workflows.watching import missed

LOOKED_BACK = timedelta(days=35)
"""Far enough for four rounds of the weekly passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanState:
    """What the nightly scan last found, and whether it can be trusted."""

    complete: ScanRecord | None
    """The last complete one; None: none in five weeks."""
    latest: ScanRecord | None
    """The last that finished, complete or not."""
    running: ScanRecord | None
    next_at: datetime | None
    """When the timer is next due; None where nobody knows, as at a terminal."""
    stale_since: datetime | None
    """Since when the picture is not renewed any more; None while it is fresh, or there never was one."""
    problem: str
    """Why it is stale, in a sentence; empty: it is not."""
    passes: dict[str, datetime]
    """When each pass was last complete."""


async def scan_state(services: Services, standing: Standing) -> ScanState:
    """Read the scans of the last weeks, in one query."""
    now = services.clock.now()
    records = await Scans(services.tables).since(now - LOOKED_BACK)
    real = [record for record in records if not record.dry_run]
    nightly = [record for record in real if NIGHTLY[0] in record.passes]
    complete, latest = _last([r for r in nightly if r.complete]), _last(nightly)
    running = [record for record in nightly if record.finished_at is None]
    problem = _problem(services, standing, complete=complete, latest=latest)
    return ScanState(
        complete=complete,
        latest=latest,
        running=running[-1] if running else None,
        next_at=services.nights.following(now) if services.nights else None,
        stale_since=complete.finished_at if problem and complete else None,
        problem=problem,
        passes=_passes(real),
    )


def _last(records: Sequence[ScanRecord]) -> ScanRecord | None:
    ended = [(record.finished_at, record.id, record) for record in records if record.finished_at]
    return max(ended, key=lambda each: each[:2])[2] if ended else None


def _problem(services: Services, standing: Standing, *, complete: ScanRecord | None, latest: ScanRecord | None) -> str:
    if latest is not None and not latest.complete:
        return f"the last scan is incomplete: {latest.problem}"
    finished = complete.finished_at if complete else None
    return missed(services, since=standing.watched.since, finished=finished)


def _passes(records: Sequence[ScanRecord]) -> dict[str, datetime]:
    ended: dict[str, datetime] = {}
    for record in records:
        for name in record.passes if record.complete else ():
            assert record.finished_at is not None
            ended[name] = max(record.finished_at, ended.get(name, record.finished_at))
    return ended
