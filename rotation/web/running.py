"""What is asked of the whole deployment: overview, configuration in force, audit trail, replay, test messages."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from rotation.domain.identifiers import KeyId, ObjectId
from rotation.ledger.expiries import find_expiry
from rotation.web.answers import AuditEvent, EventList, InForce, Proofs, Snoozed
from rotation.web.bodies import BadRequest, Body, KeyIdText, read
from rotation.web.exchange import Request, Response, ok
from rotation.web.queries import EARLIEST, LATEST, PageQuery, following, page_of, read_query, within_reach
from rotation.workflows import replaying, snoozing
from rotation.workflows.finding import find_application
from rotation.workflows.notify_test import notify_test
from rotation.workflows.reading.audit import AuditRow, of_day, trail
from rotation.workflows.reading.overview import overview as overview_of
from rotation.workflows.services import Services


class NothingBody(Body):
    """A body without fields."""


class AudienceBody(Body):
    """Whom to send a test message; nobody named: every audience."""

    audience: str | None = Field(default=None, max_length=40)


class AuditQuery(PageQuery):
    """Whose history: of one application, of what belongs to none, or of everything on one day (UTC)."""

    application: str = Field(default="", max_length=256)
    what: str = Field(default="", max_length=60)
    by: str = Field(default="", max_length=200)
    since: AwareDatetime | None = None
    day: Annotated[date, AfterValidator(within_reach)] | None = Field(
        default=None, description=f"From {EARLIEST} to {LATEST}."
    )


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
    """List who did what and from where, newest first: of one application, of what belongs to none, or of a day."""
    asked = read_query(AuditQuery, request)
    if asked.day and asked.since:
        raise BadRequest(["day, since: either; a day is told as a whole"])
    of = (await find_application(services, asked.application)).object_id if asked.application else None
    chosen = [row for row in await _history(services, asked, of) if _wanted(row, asked)]
    page = page_of(chosen[::-1], asked, key=lambda row: row.key, down=True)
    told = tuple(
        AuditEvent(at=row.event.at, what=row.event.what, application=row.application, facts=row.event.facts)
        for row in page.rows
    )
    return ok(EventList(events=told, next=following(request, page.following), total=page.found))


async def _history(services: Services, asked: AuditQuery, of: ObjectId | None) -> list[AuditRow]:
    if asked.day is None:
        return [row async for row in trail(services, of=of, since=asked.since)]
    return [row for row in await of_day(services, asked.day) if of in {None, row.application}]


def _wanted(row: AuditRow, asked: AuditQuery) -> bool:
    by = asked.by.casefold()
    return asked.what in {"", row.event.what} and by in {"", row.event.facts.get("by", "").casefold()}


async def replay(services: Services, request: Request) -> Response:
    """Let everything that gave up go on; said twice it is as said once."""
    read(NothingBody, request)
    return ok(await replaying.replay(services, by=request.by, where=request.where))


class SnoozeBody(Body):
    """Which credential to be silent about."""

    application: str = Field(min_length=1, max_length=256)
    key_id: KeyIdText


async def snooze(services: Services, request: Request) -> Response:
    """
    Let everybody who hears of a credential hear nothing of it for a week.

    Raises:
        NotFound: Nobody is reminded of it (`no-such-expiry`).
    """
    body = read(SnoozeBody, request)
    found = await find_application(services, body.application)
    expiry = await find_expiry(services.tables, found.object_id, KeyId(body.key_id))
    until = await snoozing.snooze_credential(services, expiry, by=request.by, where=request.where)
    return ok(Snoozed(key_id=body.key_id, ends_at=expiry.end_at, until=until))


async def send_test(services: Services, request: Request) -> Response:
    """Send one message on each channel of each audience, or of the one named, and tell what became of each."""
    body = read(AudienceBody, request)
    return ok(Proofs(proofs=await notify_test(services, by=request.by, where=request.where, audience=body.audience)))
