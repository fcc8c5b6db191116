"""`/api/rotations`: ask for a rotation of an enrolled line, and follow it."""

from typing import Literal

from pydantic import Field

from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import NAME, LineId, LineName
from rotation.domain.line import Reason
from rotation.ledger import application as ledger
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.lines import enrol_command
from rotation.workflows import previewing, showing
from rotation.workflows.finding import Found, find_application, find_rotation
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
    await _enrolled(services, found, line_id)
    ask = Ask(by=request.by, reason=Reason.REQUESTED, succeed=body.succeed, ticket=body.ticket)
    try:
        answer = await open_rotation(services, line_id, ask)
    except Refused as refusal:
        raise _with_address(refusal) from None
    if isinstance(answer, NotOpened):
        raise Refused(answer.why, reason=answer.blocked or "not-opened", remedy="rotation status", line=str(line_id))
    return accepted(_address(str(answer.rotation)), rotation=str(answer.rotation))


def _address(rotation: str) -> str:
    return f"/api/rotations/{rotation}"


def _with_address(refusal: Refused) -> Refused:
    told = dict(refusal.facts)
    if "rotation" in told:
        told["address"] = _address(str(told["rotation"]))
    remedy = refusal.remedy.replace("--succeed", '"succeed": true')
    return Refused(refusal.message, reason=refusal.reason, remedy=remedy, **told)


async def _enrolled(services: Services, found: Found, line_id: LineId) -> None:
    """Tell a line that somebody could enrol from one that nobody has heard of."""
    if await ledger.line(services.tables, line_id) is not None:
        return
    configuration = await services.configurations.current()
    application = await services.directory.application(found.object_id)
    owners = (await services.directory.owners([found.object_id])).get(found.object_id, ())
    policy = configuration.policy_for(application, [owner.mail or "" for owner in owners])
    if policy is not None and policy.entry(line_id.name, found.object_id) is not None:
        raise Refused(
            f"line {line_id.name} of {found.display_name} is not enrolled, so it is not ours to rotate",
            reason="not-enrolled",
            remedy=enrol_command(found, line_id.name),
            line=str(line_id),
        )
    why = f"no policy names a line {line_id.name} for {found.display_name}"
    raise NotFound(why, reason="no-such-line", line=str(line_id))


async def report(services: Services, request: Request) -> Response:
    """Tell how far a rotation is."""
    return ok(await showing.rotation(services, await find_rotation(services, request.route["id"])))
