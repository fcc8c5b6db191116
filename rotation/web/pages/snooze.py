"""`/snooze/{token}`: whoever has the link may ask for a week of silence; opening it asks, and changes nothing."""

from rotation.web.exchange import Request, Response, see_other
from rotation.web.forms import read_form
from rotation.web.pages.forms import EmptyForm, fresh
from rotation.web.pages.rendering import href, render
from rotation.workflows import snoozing
from rotation.workflows.services import Services


async def ask(services: Services, request: Request) -> Response:
    """Tell what the link would do, or that it was done."""
    token = request.route["token"]
    seen = await snoozing.snooze_preview(services, token)
    given = await fresh(services, request)
    return render(services, request, "snooze.html", seen=seen, given=given, to=href("snooze", token), tenant="")


async def snooze(services: Services, request: Request) -> Response:
    """Do it, once; whoever presses again sees that it is done."""
    read_form(EmptyForm, request)
    token = request.route["token"]
    seen = await snoozing.snooze_preview(services, token)
    if not seen.used:
        by = request.principal.name if request.principal.kind == "person" else snoozing.BY_LINK
        await snoozing.snooze(services, token, by=by, where=request.where)
    return see_other(href("snooze", token))
