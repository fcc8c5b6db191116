"""`/scans`, `/scans/{id}`: what was read, when, whether all of it, and what it found."""

from collections.abc import Mapping

from rotation.ledger.scans import ScanRecord
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows import scanning
from rotation.workflows.reading.scans import scans as read_scans
from rotation.workflows.reading.scans import state_of
from rotation.workflows.services import Services


async def everything(services: Services, request: Request) -> Response:
    """Give one page of the scans of the last weeks, newest first."""
    after = request.query.get("after", "")
    page = await read_scans(services, cursor=after or None)
    return render(
        services,
        request,
        "scans.html",
        page=page,
        first=href("scans") if after else "",
        following=href("scans", after=page.following) if page.following else "",
    )


async def show(services: Services, request: Request) -> Response:
    """Show one scan."""
    scan = await scanning.scan_report(services, request.route["id"].upper())
    return render(services, request, "scan.html", scan=scan, state=state_of(scan), due=_due(scan))


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
