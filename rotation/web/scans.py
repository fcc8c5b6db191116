"""`/api/scans`: ask for a scan, follow it, list the last ones."""

from typing import Literal

from rotation.ledger.scans import ScanRecord, Scans
from rotation.web.answers import ScanList
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.queries import PageQuery, following, page_of, read_query
from rotation.workflows import scanning
from rotation.workflows.reading.scans import LOOKED_BACK
from rotation.workflows.services import Services

type Pass = Literal["secrets", "usage", "drift", "connection-secrets", "owners", "certificates", "service-principals"]


class ScanBody(Body):
    """What `POST /api/scans` takes."""

    dry_run: bool = False
    passes: tuple[Pass, ...] | None = None


class ScanQuery(PageQuery):
    """What the list can be narrowed to."""

    state: Literal["", "running", "complete", "incomplete"] = ""


async def begin(services: Services, request: Request) -> Response:
    """Ask for a scan; it runs from its queue."""
    body = read(ScanBody, request)
    passes = tuple(body.passes or scanning.NIGHTLY)
    scan = await scanning.ask_for_scan(
        services, by=request.by, where=request.where, dry_run=body.dry_run, passes=passes
    )
    return accepted(request.address("scans", scan), scan=scan, dry_run=body.dry_run)


async def report(services: Services, request: Request) -> Response:
    """Tell how far a scan is."""
    return ok(await scanning.scan_report(services, request.route["id"].upper()))


async def everything(services: Services, request: Request) -> Response:
    """List the scans of the last ninety days, newest first."""
    asked = read_query(ScanQuery, request)
    records = await Scans(services.tables).since(services.clock.now() - LOOKED_BACK)
    newest = sorted(records, key=lambda record: record.id, reverse=True)
    chosen = [record for record in newest if asked.state in {"", _state(record)}]
    page = page_of(chosen, asked, key=lambda record: record.id, down=True)
    return ok(ScanList(scans=page.rows, next=following(request, page.following), total=page.found))


def _state(record: ScanRecord) -> str:
    if record.finished_at is None:
        return "running"
    return "complete" if record.complete else "incomplete"
