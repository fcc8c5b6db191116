"""`/api/rotations`: ask for a rotation of an enrolled line, follow it, and declare a compromise."""

from typing import Literal

from pydantic import AwareDatetime, Field

from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, LineId, LineName
from rotation.domain.line import Reason
from rotation.web.admitting import require
from rotation.web.answers import RotationList
from rotation.web.bodies import BadRequest, Body, KeyIdText, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.lines import NAMED
from rotation.web.principal import Role
from rotation.web.queries import PageQuery, following, read_query
from rotation.workflows import previewing, showing
from rotation.workflows.enrolled import must_be_enrolled
from rotation.workflows.facts import facts
from rotation.workflows.finding import Found, find_application, find_rotation
from rotation.workflows.opening import Ask, NotOpened, open_rotation
from rotation.workflows.reading import lists
from rotation.workflows.reading import rotation as weighing
from rotation.workflows.services import Services

type RotationState = Literal["", "expired", "blocked", "waiting", "overlapping", "under-way", "done", "ended"]


class RotationBody(Body):
    """What `POST /api/rotations` takes."""

    application: str = Field(min_length=1, max_length=256)
    line: str = Field(default=previewing.DEFAULT_LINE, pattern=NAMED)
    reason: Literal["requested", "compromised"] = "requested"
    succeed: bool = False
    ticket: str = Field(default="", max_length=200)
    burnt: tuple[KeyIdText, ...] = Field(default=(), max_length=40)
    remove_first: bool = False
    yes: bool = False


async def begin(services: Services, request: Request) -> Response:
    """
    Ask for a rotation.

    Raises:
        NotFound: There is no such application, or no policy knows such a line.
        NotAllowed: It declares a compromise, and is no administrator.
        Refused: It is not enrolled (`not-enrolled`), one is open (`already-open`), a brake holds (`not-opened`), or
            a key or an application declares a compromise (`compromised-at-terminal`).
    """
    body = read(RotationBody, request)
    compromised = body.reason == "compromised"
    _agree(request, body)
    found = await find_application(services, body.application)
    line_id = LineId(found.object_id, LineName(body.line))
    await must_be_enrolled(services, found, line_id)
    if compromised and not body.yes:
        raise await _undeclared(services, found, body)
    ask = Ask(
        by=request.by,
        reason=Reason.COMPROMISED if compromised else Reason.REQUESTED,
        burnt=tuple(KeyId(each) for each in body.burnt),
        remove_first=body.remove_first,
        succeed=body.succeed,
        ticket=body.ticket,
        where=request.where,
    )
    return await _opened(services, request, line_id, ask=ask)


def _agree(request: Request, body: RotationBody) -> None:
    """Let a compromise be declared by those who may, with what it takes, and nothing else look like one."""
    if body.reason != "compromised":
        if body.burnt or body.remove_first:
            raise BadRequest(['burnt, removeFirst: only with "reason": "compromised"; leave them out'])
        return
    if request.principal.kind != "person":
        raise Refused(
            "a compromise is declared by a person, who names the burnt key ids",
            reason="compromised-at-terminal",
            remedy=f"rotation rotate {body.application} --line {body.line} --reason compromised --burnt KEYID",
        )
    require(request, Role.ADMINISTRATOR)
    if not body.burnt:
        raise BadRequest(["burnt: is missing; name each key id that somebody else knows"])


async def _undeclared(services: Services, found: Found, body: RotationBody) -> Refused:
    """Show whom a declared compromise hits before it is declared."""
    first = (
        "burnt secrets go first, so whatever uses them stops working" if body.remove_first else "both work meanwhile"
    )
    return Refused(
        f"a compromise rotates at once, past every brake but pause; {first}",
        reason="not-confirmed",
        remedy='send "yes": true',
        application=facts(await showing.application(services, found)),
    )


async def _opened(services: Services, request: Request, line_id: LineId, *, ask: Ask) -> Response:
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


class RotationQuery(PageQuery):
    """What the list can be narrowed to."""

    state: RotationState = ""
    reason: str = Field(default="", max_length=60)
    open: bool | None = None
    since: AwareDatetime | None = None
    search: str = Field(default="", max_length=120)


async def everything(services: Services, request: Request) -> Response:
    """List the latest rotation of every line, the latest move first."""
    asked = read_query(RotationQuery, request)
    wanted = lists.RotationsAsked(
        open=asked.open, reason=asked.reason, state=asked.state, since=asked.since, text=asked.search
    )
    found = await lists.rotations(services, wanted, limit=asked.limit, cursor=asked.cursor or None)
    page = found.page
    told = RotationList(
        rotations=page.rows, stopped=found.stopped, next=following(request, page.following), total=page.found
    )
    return ok(told)


async def weighed(services: Services, request: Request) -> Response:
    """Show a rotation with its phases, the evidence for every removal, and what may be asked for now."""
    return ok(await weighing.rotation(services, await find_rotation(services, request.route["id"])))


async def report(services: Services, request: Request) -> Response:
    """Tell how far a rotation is."""
    return ok(await showing.rotation(services, await find_rotation(services, request.route["id"])))
