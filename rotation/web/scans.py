"""`/api/scans`: ask for a scan, and follow it."""

from typing import Literal

from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.workflows import scanning
from rotation.workflows.services import Services

type Pass = Literal["secrets", "usage", "drift", "connection-secrets", "certificates", "service-principals"]


class ScanBody(Body):
    """What `POST /api/scans` takes."""

    dry_run: bool = False
    passes: tuple[Pass, ...] | None = None


async def begin(services: Services, request: Request) -> Response:
    """Ask for a scan; it runs from its queue."""
    body = read(ScanBody, request)
    passes = tuple(body.passes or scanning.NIGHTLY)
    scan = await scanning.begin_scan(services, by=request.by, dry_run=body.dry_run, passes=passes)
    return accepted(request.address("scans", scan), scan=scan, dry_run=body.dry_run)


async def report(services: Services, request: Request) -> Response:
    """Tell how far a scan is."""
    return ok(await scanning.scan_report(services, request.route["id"].upper()))
