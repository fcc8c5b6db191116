"""`/api/calendar.ics` and `/api/metrics`: what calendars and monitors fetch by themselves."""

from urllib.parse import quote

from pydantic import Field

from rotation.domain.identifiers import NAME, AudienceName
from rotation.notifications.feed import feed
from rotation.web.answers import CalendarAddress, CalendarList
from rotation.web.exchange import KEYED, Request, Response, ok
from rotation.web.exposition import MEDIA_TYPE, text_of
from rotation.web.queries import Query, read_query
from rotation.web.refusals import SignInNeeded
from rotation.workflows import feeds
from rotation.workflows.reading.deadlines import deadlines
from rotation.workflows.reading.metrics import metrics
from rotation.workflows.services import Services

CALENDAR = "text/calendar; charset=utf-8"
PATH = "calendar.ics"


class CalendarQuery(Query):
    """Whose calendar, and what proves that the address was given out."""

    audience: str = Field(default="", max_length=40)
    token: str = Field(default="", max_length=200)


async def calendar(services: Services, request: Request) -> Response:
    """
    Give the deadlines of one audience as a calendar, to whoever has its secret address.

    Raises:
        SignInNeeded: The address is none; the same whether or not there is such an audience.
    """
    asked = read_query(CalendarQuery, request)
    audience = AudienceName(asked.audience)
    known = (await services.configurations.current()).audiences
    is_open = NAME.fullmatch(asked.audience) and await feeds.opens(services, audience, asked.token)
    if not is_open or audience not in known:
        raise SignInNeeded
    found = await deadlines(services, audience)
    name = f"Entra credentials: {audience}"
    hour = services.clock.now().replace(minute=0, second=0, microsecond=0)  # else each look would be another
    body = feed(found, name=name, said_at=hour, site=services.link, about=f"Tenant {services.tenant_id}")
    return Response(status=200, body=body, media_type=CALENDAR)


async def calendars(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """List the secret address of each audience's calendar; whoever has one reads names and deadlines, and no secret."""
    given = await feeds.tokens(services)
    told = [
        CalendarAddress(audience=name, address=f"{KEYED}/{PATH}?audience={quote(name)}&token={token}")
        for name, token in sorted(given.items())
    ]
    return ok(CalendarList(calendars=tuple(told)))


async def figures(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Tell what is so now in figures, in Prometheus' text format."""
    return Response(status=200, body=text_of(await metrics(services)), media_type=MEDIA_TYPE)
