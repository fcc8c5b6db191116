"""`/audit`, `/audit/everything`: who did what, when and from where; of the deployment, one application, or a day."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from rotation.domain.errors import Misread
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.web.queries import EARLIEST, LATEST
from rotation.workflows.finding import find_application
from rotation.workflows.reading.audit import AuditRow, of_day, trail
from rotation.workflows.reading.names import names_of
from rotation.workflows.reading.paging import paged
from rotation.workflows.services import Services

DAYS = {"1": "the last day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
USUAL = "30"
DAY = timedelta(days=1)
LINKED = timedelta(days=7)
"""So far back a link leads to the day before: links without an end would keep a link scanner for ever."""


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
        whats=_whats(rows, asked),
        choices=DAYS,
        filtered=any(kept.values()),
        first=href("audit", **kept) if asked["after"] else "",
        following=href("audit", **kept, after=page.following) if page.following else "",
    )


async def everything(services: Services, request: Request) -> Response:
    """Give one page of what happened on one day to the deployment and to every application, newest first."""
    asked = {name: request.query.get(name, "").strip() for name in ("what", "by", "day", "after")}
    today = services.clock.now().date()
    day = _day(asked["day"]) if asked["day"] else today
    rows = await of_day(services, day)
    chosen = [row for row in rows if _wanted(row, asked)]
    page = paged(chosen[::-1], lambda row: row.key, cursor=asked["after"] or None, down=True)
    kept = {"what": asked["what"], "by": asked["by"], "day": f"{day}"}
    return render(
        services,
        request,
        "audit_day.html",
        page=page,
        asked=asked | {"day": f"{day}"},
        names=await names_of(services, {row.application for row in page.rows} - {""}),
        whats=_whats(rows, asked),
        filtered=bool(asked["what"] or asked["by"]),
        earlier=href("audit", "everything", **kept | {"day": f"{day - DAY}"}) if today - day < LINKED else "",
        later=href("audit", "everything", **kept | {"day": f"{day + DAY}"}) if day < today else "",
        first=href("audit", "everything", **kept) if asked["after"] else "",
        following=href("audit", "everything", **kept, after=page.following) if page.following else "",
    )


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.max
    if not EARLIEST <= found <= LATEST:
        raise Misread("day", text[:20], "a day such as 2026-12-05")
    return found


def _whats(rows: Iterable[AuditRow], asked: Mapping[str, str]) -> list[str]:
    return sorted({row.event.what for row in rows} | ({asked["what"]} - {""}))


def _wanted(row: AuditRow, asked: Mapping[str, str]) -> bool:
    by = row.event.facts.get("by", "").casefold()
    return asked["what"] in {"", row.event.what} and asked["by"].casefold() in by
