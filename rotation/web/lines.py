"""`/api/lines`: what is enrolled; preview, enrol, release; send an older secret out again."""

from typing import Annotated, Literal

from pydantic import Field

from rotation.domain.credential import NEVER
from rotation.domain.errors import Misread, Refused
from rotation.domain.identifiers import NAME, DestinationName, KeyId, LineId, LineName, ObjectId, SecretVersion, is_guid
from rotation.web.admitting import require
from rotation.web.answers import Enrolled, LineList, Released
from rotation.web.bodies import Body, KeyIdText, Why, read
from rotation.web.exchange import Request, Response, accepted, ok
from rotation.web.principal import Role
from rotation.web.queries import PageQuery, following, page_of, read_query
from rotation.workflows import enrolling, going_back, previewing, showing
from rotation.workflows.enrolled import enrol_command
from rotation.workflows.facts import facts
from rotation.workflows.finding import Found, find_application
from rotation.workflows.reading.states import STATES
from rotation.workflows.services import Services
from rotation.workflows.telling import preview_told
from rotation.workflows.views import LineView

NAMED = f"^{NAME.pattern}$"
type LineState = Literal["", "expired", "blocked", "waiting", "overlapping", "under-way", "healthy"]


class LineQuery(PageQuery):
    """What the list can be narrowed to."""

    state: LineState = ""
    policy: str = Field(default="", max_length=40)
    search: str = Field(default="", max_length=120)
    """Part of the application's name, or one of its ids."""


class LineBody(Body):
    """What `POST /api/lines` takes."""

    application: str = Field(min_length=1, max_length=256)
    line: str = Field(default=previewing.DEFAULT_LINE, pattern=NAMED)
    preview: bool = False
    key_ids: tuple[KeyIdText, ...] | None = Field(default=None, max_length=40)
    adopt: bool = False
    tier_zero: bool = False
    unrehearsed: bool = False
    """Yes, although no rehearsal has passed here."""
    yes: bool = False


class ReleaseBody(Body):
    """What a release takes."""

    yes: bool = False


class DeliverBody(Body):
    """What sending an older secret out again takes."""

    version: str = Field(min_length=1, max_length=64)
    destinations: tuple[Annotated[str, Field(pattern=NAMED)], ...] = Field(default=(), max_length=40)
    reason: Why | None = None
    preview: bool = False
    yes: bool = False


async def everything(services: Services, request: Request) -> Response:
    """List enrolled lines, most urgent first."""
    asked = read_query(LineQuery, request)
    wanted = asked.search.casefold()
    chosen = [
        view
        for view in await showing.lines(services)
        if asked.state in {"", view.state}
        and asked.policy in {"", view.policy}
        and (wanted in view.name.casefold() or wanted in {view.application, view.client_id})
    ]
    page = page_of(sorted(chosen, key=_urgency), asked, key=_urgency)
    return ok(LineList(lines=page.rows, next=following(request, page.following), total=page.found))


def _urgency(view: LineView) -> str:
    return (
        f"{STATES.index(view.state)}|{view.ends_at or NEVER:%Y%m%dT%H%M%S}|{view.name}|{view.application}|{view.line}"
    )


async def report(services: Services, request: Request) -> Response:
    """Show one line with its enrolment and rotations."""
    line_id = read_line(request)
    return ok(await showing.line(services, await find_application(services, line_id.application), line_id.name))


async def enrol(services: Services, request: Request) -> Response:
    """
    Preview an enrolment, or enrol.

    Raises:
        NotAllowed: It enrols, and is no administrator.
        Refused: A key or an application asks to enrol (`enrol-at-terminal`), or nobody said yes (`not-confirmed`).
    """
    body = read(LineBody, request)
    if not body.preview:
        _may_enrol(request, body)
    found = await find_application(services, body.application)
    wish = _wish(request, body, found)
    if body.preview or not body.yes:
        told = await _previewed(services, wish, found)
        if body.preview:
            return ok(told)
        raise _not_confirmed("a line that is enrolled is rotated every time that it falls due", preview=facts(told))
    line = await enrolling.enrol(services, wish)
    address = request.address("lines", str(line.id))
    name, told_by = line.display_name, line.enrolment
    done = Enrolled(line=line.id.name, application=found.object_id, name=name, enrolment=told_by, address=address)
    return Response(status=201, body=done, headers={"Location": address})


def _may_enrol(request: Request, body: LineBody) -> None:
    if request.principal.kind != "person":
        raise Refused(
            "a line is enrolled by a person; a key or an application can only preview it",
            reason="enrol-at-terminal",
            remedy=f"rotation enrol {body.application} --line {body.line}",
        )
    require(request, Role.ADMINISTRATOR)


def _wish(request: Request, body: LineBody, found: Found) -> previewing.Wish:
    return previewing.Wish(
        application=found.object_id,
        line=LineName(body.line),
        by=request.by,
        key_ids=tuple(KeyId(each) for each in body.key_ids) if body.key_ids else None,
        adopt=body.adopt,
        tier_zero=body.tier_zero,
        unrehearsed=body.unrehearsed,
        where=request.where,
    )


async def _previewed(services: Services, wish: previewing.Wish, found: Found) -> dict[str, object]:
    seen = await previewing.preview(services, wish)
    return {**preview_told(seen), "remedy": enrol_command(found, wish.line)}


def _not_confirmed(why: str, **told: object) -> Refused:
    return Refused(why, reason="not-confirmed", remedy='send "yes": true', **told)


async def release(services: Services, request: Request) -> Response:
    """End an enrolment; nothing is removed. Tells which end dates somebody must now watch."""
    body = read(ReleaseBody, request)
    line_id = read_line(request)
    detail = await showing.line(services, await find_application(services, line_id.application), line_id.name)
    if not body.yes:
        raise _not_confirmed("nobody rotates a released line; its secrets end as they are", line=facts(detail))
    watch = await enrolling.release(services, line_id, by=request.by, where=request.where)
    return ok(Released(released=str(line_id), watch=watch))


async def deliver(services: Services, request: Request) -> Response:
    """
    Send an older secret of the line out again, after a preview of what its destinations hold.

    Raises:
        NotFound, Refused: As `going_back.preview`, or nobody said yes (`not-confirmed`).
    """
    body = read(DeliverBody, request)
    wish = going_back.Wish(
        line=read_line(request),
        version=SecretVersion(body.version),
        destinations=tuple(DestinationName(name) for name in body.destinations),
    )
    seen = await going_back.preview(services, wish)
    if body.preview:
        return ok(seen)
    if not body.yes or body.reason is None:
        raise Refused(
            "an older secret replaces the current one at these destinations",
            reason="not-confirmed",
            remedy='send "yes": true and a "reason"',
            preview=facts(seen),
        )
    rotation = await going_back.go_back(services, wish, by=request.by, why=body.reason, where=request.where)
    return accepted(request.address("rotations", str(rotation)), rotation=str(rotation))


def read_line(request: Request) -> LineId:
    """
    Read the line that stands in the path as `<object id>|<line>`.

    Raises:
        Misread: It is none.
    """
    text = request.route["id"]
    application, _, name = text.partition("|")
    if not (is_guid(application) and NAME.fullmatch(name)):
        raise Misread("line", text, "<object id>|<line>, with the bar as %7C")
    return LineId(ObjectId(application.lower()), LineName(name))
