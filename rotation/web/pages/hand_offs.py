"""`/hand-offs`: what waits for a person, and one hand-off with all that its form asks for."""

from rotation.domain.delivery import HandOff
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.web.bodies import BadRequest
from rotation.web.exchange import Request, Response, see_other
from rotation.web.forms import fields_of
from rotation.web.pages.forms import Given, fresh, refused
from rotation.web.pages.rendering import href, render
from rotation.workflows import operating, showing
from rotation.workflows.finding import find_rotation
from rotation.workflows.reading.overview import overview
from rotation.workflows.services import Services
from rotation.workflows.views import DeliveryView, RotationView

LONGEST = 500
"""Characters of an answer."""
KINDS = frozenset({"hand-off", "approval", "delivery-approval"})


async def everything(services: Services, request: Request) -> Response:
    """List what waits for a person."""
    seen = await overview(services)
    return render(services, request, "hand_offs.html", needs=[need for need in seen.needs if need.kind in KINDS])


async def show(services: Services, request: Request) -> Response:
    """Show one hand-off."""
    rotation, place = await _found(services, request)
    return _page(services, request, rotation, place=place, given=await fresh(services, request))


async def acknowledge(services: Services, request: Request) -> Response:
    """Record that a person says that it is done; what was answered stays where it is refused."""
    rotation, place = await _found(services, request)
    try:
        answers, typed_end = _answers(place.hand_off, request)
        rotation_id, name = RotationId.parse(rotation.id), DestinationName(place.destination)
        await operating.acknowledge(
            services,
            rotation_id,
            name,
            by=request.by,
            answers=answers,
            typed_end=typed_end,
            where=request.where,
        )
    except (BadRequest, Refused) as error:
        status = 400 if isinstance(error, BadRequest) else 409
        given = await refused(services, request, error)
        rotation, place = await _found(services, request)
        return _page(services, request, rotation, place=place, given=given, status=status)
    return see_other(href("rotations", rotation.id, said="acknowledged"))


async def _found(services: Services, request: Request) -> tuple[RotationView, DeliveryView]:
    rotation = await showing.rotation(services, await find_rotation(services, request.route["id"]))
    name = request.route["destination"]
    place = next((each for each in rotation.deliveries if each.destination == name), None)
    if place is None:
        raise NotFound(f"this rotation delivers nothing to {name}", rotation=rotation.id)
    return rotation, place


def _answers(form: HandOff | None, request: Request) -> tuple[dict[str, str], str]:
    """Read the answers by their places: questions and records are texts of others, too long for names of fields."""
    fields = {name: values[-1].strip() for name, values in fields_of(request).items() if values}
    answers = {}
    if form is not None:
        answers = {text: fields.get(f"answer-{place}", "") for place, text in enumerate(form.questions, 1)}
        answers |= {text: fields.get(f"record-{place}", "") for place, text in enumerate(form.records, 1)}
    too_long = [f"{text}: is longer than {LONGEST} characters" for text, said in answers.items() if len(said) > LONGEST]
    if too_long:
        raise BadRequest(too_long)
    return answers, fields.get("typed_end", "")[:20]


def _page(
    services: Services,
    request: Request,
    rotation: RotationView,
    *,
    place: DeliveryView,
    given: Given,
    status: int = 200,
) -> Response:
    return render(
        services,
        request,
        "hand_off.html",
        status=status,
        seen=rotation,
        place=place,
        form=place.hand_off,
        given=given,
        waits=place.phase == "awaiting-person",
    )
