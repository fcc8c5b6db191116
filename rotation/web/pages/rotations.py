"""`/rotations`: the latest rotation of each line, most urgent first."""

from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows.reading import lists
from rotation.workflows.reading.strips import STRIP_STATES
from rotation.workflows.services import Services


async def everything(services: Services, request: Request) -> Response:
    """Give one page of them, of one state where the address names one."""
    given, after = request.query.get("state", ""), request.query.get("after", "")
    state = given if given in STRIP_STATES else ""
    asked = lists.RotationsAsked(state=state, urgent_first=True)
    found = await lists.rotations(services, asked, cursor=after or None)
    page = found.page
    return render(
        services,
        request,
        "rotations.html",
        page=page,
        asked=state,
        states=found.states,
        first=href("rotations", state=state) if after else "",
        following=href("rotations", state=state, after=page.following) if page.following else "",
    )
