"""`/api/rotations`: ask for a rotation of an enrolled line, and follow it."""

from typing import Literal

from pydantic import Field

from rotation.domain.errors import Refused
from rotation.domain.identifiers import NAME, LineId, LineName
from rotation.domain.line import Reason
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.workflows import previewing, showing
from rotation.workflows.enrolled import must_be_enrolled
from rotation.workflows.finding import find_application, find_rotation
from rotation.workflows.opening import Ask, NotOpened, open_rotation
from rotation.workflows.services import Services


class RotationBody(Body):
    """What `POST /api/rotations` takes."""

    application: str = Field(min_length=1)
    line: str = Field(default=previewing.DEFAULT_LINE, pattern=f"^{NAME.pattern}$")
    reason: Literal["requested", "compromised"] = "requested"
    succeed: bool = False
    ticket: str = Field(default="", max_length=200)


async def begin(services: Services, request: Request) -> Response:
    """
    Ask for a rotation.

    Raises:
        NotFound: There is no such application, or no policy knows such a line.
        Refused: It is not enrolled (`not-enrolled`), one is open (`already-open`), a brake holds (`not-opened`), or
            it declares a compromise (`compromised-at-terminal`).
    """
    body = read(RotationBody, request)
    found = await find_application(services, body.application)
    line_id = LineId(found.object_id, LineName(body.line))
    if body.reason == "compromised":
        raise Refused(
            "a compromise is declared by a person at a terminal, who names the burnt key ids",
            reason="compromised-at-terminal",
            remedy=f"rotation rotate {found.object_id} --line {line_id.name} --reason compromised --burnt KEYID",
        )
    await must_be_enrolled(services, found, line_id)
    ask = Ask(by=request.by, reason=Reason.REQUESTED, succeed=body.succeed, ticket=body.ticket)
    try:
        answer = await open_rotation(services, line_id, ask)
    except Refused as refusal:
        raise with_address(request, refusal) from None
    if isinstance(answer, NotOpened):
        raise Refused(answer.why, reason=answer.blocked or "not-opened", remedy="rotation status", line=str(line_id))
    return accepted(request.address("rotations", str(answer.rotation)), rotation=str(answer.rotation))


def with_address(request: Request, refusal: Refused) -> Refused:
    """Tell a refusal as callers of the API need it: with addresses, and fields for options."""
    told = dict(refusal.facts)
    if "rotation" in told:
        told["address"] = request.address("rotations", str(told["rotation"]))
    is_command = refusal.remedy.startswith("rotation ")
    remedy = refusal.remedy if is_command else refusal.remedy.replace("--succeed", '"succeed": true')
    return Refused(refusal.message, reason=refusal.reason, remedy=remedy, **told)


async def report(services: Services, request: Request) -> Response:
    """Tell how far a rotation is."""
    return ok(await showing.rotation(services, await find_rotation(services, request.route["id"])))
