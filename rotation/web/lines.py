"""`/api/lines`: what is enrolled, and what enrolling would mean. Enrolling itself takes a person at a terminal."""

from pydantic import Field

from rotation.domain.errors import Refused
from rotation.domain.identifiers import NAME, LineName
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, ok
from rotation.workflows import previewing, showing
from rotation.workflows.enrolled import enrol_command
from rotation.workflows.finding import find_application
from rotation.workflows.services import Services
from rotation.workflows.telling import preview_told


class LineBody(Body):
    """What `POST /api/lines` takes."""

    application: str = Field(min_length=1)
    line: str = Field(default=previewing.DEFAULT_LINE, pattern=f"^{NAME.pattern}$")
    preview: bool = False


async def everything(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """List every enrolled line, most urgent first."""
    return ok({"lines": await showing.lines(services)})


async def preview(services: Services, request: Request) -> Response:
    """
    Tell what enrolling would mean.

    Raises:
        Refused: It asks to enrol (`enrol-at-terminal`): a key is not a person.
    """
    body = read(LineBody, request)
    found = await find_application(services, body.application)
    line = LineName(body.line)
    if not body.preview:
        raise Refused(
            "a line is enrolled by a person at a terminal; over HTTP it can only be previewed",
            reason="enrol-at-terminal",
            remedy=enrol_command(found, line),
        )
    wish = previewing.Wish(application=found.object_id, line=line, by=request.by)
    seen = await previewing.preview(services, wish)
    return ok({**preview_told(seen), "remedy": enrol_command(found, line)})
