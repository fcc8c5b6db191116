"""`/rotations`: the latest rotation of each line, most urgent first."""

from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import render
from rotation.workflows.reading.states import STATES
from rotation.workflows.reading.strips import Strip, strip
from rotation.workflows.services import Services

SHOWN = 100
WORDS = (*STATES, "done", "ended")


async def everything(services: Services, request: Request) -> Response:
    """List them, of one state where the address names one."""
    now = services.clock.now()
    lines = [entry async for entry in services.lines.all()]
    found = [strip(entry, entry.progress, now) for entry in lines if entry.progress is not None]
    asked = request.query.get("state", "")
    chosen = sorted((each for each in found if asked in {"", each.state}), key=_urgency)
    counts = {word: sum(1 for each in found if each.state == word) for word in WORDS}
    return render(
        services,
        request,
        "rotations.html",
        strips=chosen[:SHOWN],
        more=len(chosen) - SHOWN,
        asked=asked if asked in WORDS else "",
        counts={word: count for word, count in counts.items() if count},
        total=len(found),
    )


def _urgency(each: Strip) -> tuple[int, float]:
    moved = each.since or each.opened_at
    return WORDS.index(each.state), -moved.timestamp()
