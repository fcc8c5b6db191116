"""`/api/hand-offs`: what waits for a person, with the form's fields; and that it is done."""

from typing import Annotated

from pydantic import Field, StringConstraints

from rotation.domain.errors import Misread
from rotation.domain.identifiers import NAME, DestinationName, RotationId
from rotation.web.answers import HandOffList
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.queries import PageQuery, following, page_of, read_query
from rotation.workflows import operating
from rotation.workflows.finding import find_rotation
from rotation.workflows.reading import hand_offs
from rotation.workflows.services import Services

type Answer = Annotated[str, StringConstraints(max_length=1000)]


class AcknowledgeBody(Body):
    """What an acknowledgement takes: every question and record of the form with its answer."""

    answers: dict[str, Answer] = Field(max_length=60)
    typed_end: str = Field(default="", max_length=40)


async def everything(services: Services, request: Request) -> Response:
    """List the hand-offs that wait for a person, most urgent first."""
    asked = read_query(PageQuery, request)
    found = sorted(await hand_offs.hand_offs(services), key=_urgency)
    page = page_of(found, asked, key=_urgency)
    return ok(HandOffList(hand_offs=page.rows, next=following(request, page.following), total=page.found))


def _urgency(each: hand_offs.WaitingHandOff) -> str:
    return f"{each.deadline:%Y%m%dT%H%M%S%f}|{each.name}|{each.destination}|{each.rotation}"


async def report(services: Services, request: Request) -> Response:
    """Show one hand-off with the fields to copy and the questions to answer."""
    rotation, destination = await _named(services, request)
    return ok(await hand_offs.hand_off(services, rotation, destination))


async def acknowledge(services: Services, request: Request) -> Response:
    """
    Say that a hand-off is done. It is no evidence: the old secret stays until usage shows the switch.

    Raises:
        Refused: None waits there (`not-open`), something is not answered (`answers-missing`), or answered no.
    """
    body = read(AcknowledgeBody, request)
    rotation, destination = await _named(services, request)
    await operating.acknowledge(
        services,
        rotation,
        destination,
        by=request.by,
        answers=body.answers,
        typed_end=body.typed_end,
        where=request.where,
    )
    return accepted(request.address("rotations", str(rotation)), rotation=str(rotation))


async def _named(services: Services, request: Request) -> tuple[RotationId, DestinationName]:
    name = request.route["destination"]
    if not NAME.fullmatch(name):
        raise Misread("destination", name, "lower-case letters, digits and dashes, at most 40")
    return await find_rotation(services, request.route["rotation"]), DestinationName(name)
