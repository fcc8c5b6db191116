"""`/applications/{id}/enrol`: what enrolling a line would mean, and the yes."""

from datetime import datetime

from rotation.domain.credential import Credential
from rotation.domain.errors import Misread, Refused
from rotation.domain.identifiers import NAME, KeyId, LineName, ObjectId
from rotation.domain.use import Use
from rotation.ledger import application as ledger
from rotation.web.bodies import Body
from rotation.web.exchange import Request, Response, see_other
from rotation.web.forms import read_form
from rotation.web.pages.forms import Given, KeyIdText, fresh, read_query, refused
from rotation.web.pages.rendering import href, render
from rotation.workflows import checking, enrolling
from rotation.workflows.finding import find_application
from rotation.workflows.previewing import DEFAULT_LINE, Preview, Wish, preview
from rotation.workflows.services import Services


class EnrolForm(Body):
    """What the form of an enrolment sends."""

    line: str = DEFAULT_LINE
    key_ids: tuple[KeyIdText, ...] = ()
    adopt: bool = False
    tier_zero: bool = False


async def show(services: Services, request: Request) -> Response:
    """Show what it would mean; what was chosen stands in the address, so that nothing is lost by a reload."""
    asked = read_query(EnrolForm, request)
    found = await find_application(services, request.route["id"])
    return await _page(
        services, request, _wish(found.object_id, asked, by=request.by), given=await fresh(services, request)
    )


async def enrol(services: Services, request: Request) -> Response:
    """Record the yes."""
    found = await find_application(services, request.route["id"])
    asked = read_form(EnrolForm, request)
    wish = _wish(found.object_id, asked, by=request.by, chosen=True)
    try:
        line = await enrolling.enrol(services, wish)
    except Refused as error:
        return await _page(services, request, wish, given=await refused(services, request, error), status=409)
    return see_other(f"{href('applications', found.object_id, said='enrolled')}#line-{line.id.name}")


def _wish(application: ObjectId, asked: EnrolForm, *, by: str, chosen: bool = False) -> Wish:
    if not NAME.fullmatch(asked.line):
        raise Misread("line", asked.line, "lower-case letters, digits and dashes, at most 40")
    return Wish(
        application=application,
        line=LineName(asked.line),
        by=by,
        key_ids=tuple(KeyId(each) for each in asked.key_ids) if chosen else None,
        adopt=asked.adopt,
        tier_zero=asked.tier_zero,
    )


async def _page(services: Services, request: Request, wish: Wish, *, given: Given, status: int = 200) -> Response:
    seen = await preview(services, wish)
    record = await ledger.read(services.tables, wish.application)
    places = {view.name: view for view in await checking.describe(services)}
    return render(
        services,
        request,
        "enrolment.html",
        status=status,
        seen=seen,
        wish=wish,
        given=given,
        secrets=_secrets(seen, record.uses),
        places=[(each.name, places.get(each.name)) for each in seen.enrolment.destinations],
        lines=sorted({entry.name for entry in seen.policy.lines if entry.only_for in {None, wish.application}}),
    )


def _secrets(seen: Preview, uses: dict[KeyId, Use]) -> list[tuple[Credential, bool, datetime | None]]:
    """Give each secret with whether it is handed over, and its last use where one is known."""
    told = [(secret, True) for secret in seen.handed_over] + [(secret, False) for secret in seen.foreign]
    ordered = sorted(told, key=lambda each: (each[0].end_at, each[0].key_id))
    return [
        (secret, handed, use.last_used_at if (use := uses.get(secret.key_id)) else None) for secret, handed in ordered
    ]
