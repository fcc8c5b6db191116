"""`/scans`, `/scans/{id}`: what was read, when, whether all of it, and what it found."""

from collections.abc import Mapping
from datetime import timedelta

from rotation.ledger.scans import ScanRecord, Scans
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import render
from rotation.workflows import scanning
from rotation.workflows.services import Services

LOOKED_BACK = timedelta(days=35)
SHOWN = 60


async def everything(services: Services, request: Request) -> Response:
    """List the scans of the last weeks, newest first."""
    found = await Scans(services.tables).since(services.clock.now() - LOOKED_BACK)
    newest = sorted(found, key=lambda scan: (scan.asked_at, scan.id), reverse=True)
    standing = await services.control.standing()
    told = [(scan, state_of(scan)) for scan in newest[:SHOWN]]
    return render(services, request, "scans.html", scans=told, more=len(newest) - SHOWN, brakes=standing)


async def show(services: Services, request: Request) -> Response:
    """Show one scan."""
    scan = await scanning.scan_report(services, request.route["id"].upper())
    return render(services, request, "scan.html", scan=scan, state=state_of(scan), due=_due(scan))


def state_of(scan: ScanRecord) -> tuple[str, str]:
    """Give the word of ux.md for a scan, and what it says."""
    if scan.finished_at is None:
        return "under-way", "runs" if scan.started_at else "waits for its turn"
    if not scan.complete:
        return "blocked", f"incomplete: {scan.problem}"
    return "done", "complete, only looked" if scan.dry_run else "complete"


def _due(scan: ScanRecord) -> list[Mapping[str, object]]:
    return [
        {
            "name": due.application,
            "object_id": due.line.partition("|")[0],
            "line": due.line.partition("|")[2],
            "ends_at": due.ends_at,
            "why": due.why,
        }
        for due in scan.due
    ]
