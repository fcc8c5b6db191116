"""`/audit`: who did what, when and from where; of the deployment itself, or of one application."""

from datetime import timedelta

from rotation.domain.errors import Misread
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows.finding import find_application
from rotation.workflows.reading.audit import AuditRow, trail
from rotation.workflows.reading.paging import paged
from rotation.workflows.services import Services

DAYS = {"1": "the last day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
USUAL = "30"


async def show(services: Services, request: Request) -> Response:
    """Give one page of the trail, newest first; what is asked stands in the address."""
    asked = {name: request.query.get(name, "").strip() for name in ("application", "what", "by", "days", "after")}
    days = asked["days"] or USUAL
    if days not in DAYS:
        raise Misread("days", days, ", ".join(DAYS))
    of = await find_application(services, asked["application"]) if asked["application"] else None
    since = services.clock.now() - timedelta(days=int(days))
    rows = [row async for row in trail(services, of=of.object_id if of else None, since=since)]
    chosen = [row for row in rows if _wanted(row, asked)]
    page = paged(chosen[::-1], lambda row: row.key, cursor=asked["after"] or None, down=True)
    kept = {name: text for name, text in asked.items() if name != "after"}
    return render(
        services,
        request,
        "audit.html",
        of=of,
        page=page,
        asked=asked | {"days": days},
        span=DAYS[days],
        whats=sorted({row.event.what for row in rows} | ({asked["what"]} - {""})),
        choices=DAYS,
        filtered=any(kept.values()),
        first=href("audit", **kept) if asked["after"] else "",
        following=href("audit", **kept, after=page.following) if page.following else "",
    )


def _wanted(row: AuditRow, asked: dict[str, str]) -> bool:
    by = row.event.facts.get("by", "").casefold()
    return asked["what"] in {"", row.event.what} and asked["by"].casefold() in by
