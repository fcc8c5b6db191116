"""`/expiries`: which credentials end in a week, or within so many days; fifty a page."""

import re
from datetime import UTC, datetime, timedelta

from rotation.domain.errors import Misread
from rotation.ledger.expiries import ENDED_KEPT
from rotation.ledger.keys import week as week_of
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows.reading.expiries import Asked, What
from rotation.workflows.reading.expiries import expiries as read_expiries
from rotation.workflows.reading.timeline import SHOWN
from rotation.workflows.services import Services

WITHIN = re.compile(r"(\d{1,3})d")
USUAL = "30d"
A_WEEK = timedelta(days=7)
WHATS = {
    What.EVERYTHING: "all",
    What.UNMANAGED: "rotated by nobody",
    What.OURS: "rotated by Rotation",
    What.CERTIFICATES: "certificates",
}


async def everything(services: Services, request: Request) -> Response:
    """List what ends in the span that the address names."""
    query, now = request.query, services.clock.now()
    week, within, after = query.get("week", ""), query.get("within", "") or USUAL, query.get("after", "")
    what = _what(query.get("what", ""))
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = timedelta(days=_days(within))
    asked = Asked(what=what, week=week) if week else Asked(what=what, first=today, last=today + span)
    found = await read_expiries(services, asked, cursor=after or None)
    kept = {"week": week, "within": "" if week else within, "what": "" if what is What.EVERYTHING else what}
    return render(
        services,
        request,
        "expiries.html",
        found=found,
        kept=kept,
        what=what,
        whats=WHATS,
        span=f"week {week}" if week else f"within {span.days} days",
        beside=_beside(week, kept, now) if week else [],
        first=href("expiries", **kept) if after else "",
        following=href("expiries", **kept, after=found.following) if found.following else "",
    )


def _what(text: str) -> What:
    if text and text not in WHATS:
        raise Misread("what", text, ", ".join(WHATS))
    return What(text) if text else What.EVERYTHING


def _days(text: str) -> int:
    if (read := WITHIN.fullmatch(text)) is None:
        raise Misread("within", text, "days, such as 30d")
    return int(read[1])


def _beside(week: str, kept: dict[str, str], now: datetime) -> list[tuple[str, str]]:
    """Lead to the weeks beside, as far as the picture goes: links without an end would keep a link scanner for ever."""
    monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    told = [("Week before", monday - A_WEEK), ("Week after", monday + A_WEEK)]
    return [
        (text, href("expiries", **(kept | {"week": week_of(at)})))
        for text, at in told
        if now - ENDED_KEPT - A_WEEK <= at <= now + SHOWN * A_WEEK
    ]
