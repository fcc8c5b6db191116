"""What is asked of the whole deployment: overview, configuration in force, audit trail, replay, test messages."""

from pydantic import Field

from rotation.ledger import application as ledger
from rotation.web.answers import EventList, InForce, Proofs
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, ok
from rotation.web.queries import PageQuery, page_of, read_query
from rotation.workflows import replaying
from rotation.workflows.finding import find_application
from rotation.workflows.notify_test import notify_test
from rotation.workflows.reading.overview import overview as overview_of
from rotation.workflows.services import Services
from rotation.workflows.telling import event


class NothingBody(Body):
    """A body without fields."""


class AudienceBody(Body):
    """Whom to send a test message; nobody named: every audience."""

    audience: str | None = Field(default=None, max_length=40)


class AuditQuery(PageQuery):
    """Whose history: of one application, or of what belongs to none."""

    application: str = Field(default="", max_length=256)
    what: str = Field(default="", max_length=60)
    by: str = Field(default="", max_length=200)


async def overview(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Tell what is so now, and what needs somebody."""
    return ok(await overview_of(services))


async def configuration(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Tell the configuration as it is in force; it holds references to secrets, and no secret text."""
    found = await services.configurations.current()
    return ok(
        InForce(
            digest=found.digest,
            policies=found.policies,
            audiences={str(name): audience for name, audience in found.audiences.items()},
            limits=found.limits,
            canary=found.canary,
            rungs=found.rungs,
            fallback_audience=found.fallback_audience,
            sender=found.sender,
            read_at=services.clock.now(),
        )
    )


async def audit(services: Services, request: Request) -> Response:
    """List who did what and from where, newest first: of one application, or of what belongs to none."""
    asked = read_query(AuditQuery, request)
    if asked.application:
        found = await find_application(services, asked.application)
        rows = await ledger.events(services.tables, found.object_id)
    else:
        rows = await services.control.history()
    told = [event(row) for row in reversed(rows)]
    chosen = [
        each
        for each in told
        if asked.what in {"", each.what}
        and (not asked.by or asked.by.casefold() == each.facts.get("by", "").casefold())
    ]
    page = page_of(chosen, asked, request, named=lambda each: f"{each.at.isoformat()} {each.what}")
    return ok(EventList(events=page.items, next=page.next, total=page.total))


async def replay(services: Services, request: Request) -> Response:
    """Let everything that gave up go on; said twice it is as said once."""
    read(NothingBody, request)
    return ok(await replaying.replay(services, by=request.by, where=request.where))


async def send_test(services: Services, request: Request) -> Response:
    """Send one message on each channel of each audience, or of the one named, and tell what became of each."""
    body = read(AudienceBody, request)
    return ok(Proofs(proofs=await notify_test(services, by=request.by, audience=body.audience)))
