"""`applications`, `expiries` and `advice` of the API: as of the last complete pass; one application as it is now."""

from pydantic import AwareDatetime, Field, field_validator

from rotation.domain.identifiers import PolicyName
from rotation.domain.policy import Mode
from rotation.web.answers import AdviceList, ApplicationList, ExpiryList
from rotation.web.exchange import Request, Response, ok
from rotation.web.queries import PageQuery, following, read_query
from rotation.workflows.finding import find_application
from rotation.workflows.reading import expiries as ending
from rotation.workflows.reading.advice import of_tenant
from rotation.workflows.reading.application import application
from rotation.workflows.reading.inventory.listing import Trait, Wanted, applications
from rotation.workflows.reading.inventory.order import Order
from rotation.workflows.services import Services


class ApplicationQuery(PageQuery):
    """What the list can be narrowed to, and its order. `traits` are several, with commas between."""

    search: str = Field(default="", max_length=120)
    traits: str = Field(default="", max_length=200)
    policy: str = Field(default="", max_length=40)
    mode: Mode | None = None
    ends_before: AwareDatetime | None = None
    order: Order = Order.NAME

    @field_validator("traits")
    @classmethod
    def _known(cls, text: str) -> str:
        if set(_split(text)) - set(Trait):
            raise ValueError(f"is none of the traits that there are; write {', '.join(Trait)}")
        return text


class ExpiryQuery(PageQuery):
    """What the list can be narrowed to."""

    what: ending.What = ending.What.EVERYTHING
    week: str = Field(default="", max_length=10)
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
    policy: str = Field(default="", max_length=40)
    audience: str = Field(default="", max_length=40)
    status: str = Field(default="", max_length=40)
    kind: str = Field(default="", max_length=40)


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


async def everything(services: Services, request: Request) -> Response:
    """List applications as of the last complete pass; search, filter, order."""
    asked = read_query(ApplicationQuery, request)
    wanted = Wanted(
        text=asked.search,
        traits=frozenset(Trait(each) for each in _split(asked.traits)),
        policy=PolicyName(asked.policy) if asked.policy else None,
        mode=asked.mode,
        ends_before=asked.ends_before,
        order=asked.order,
    )
    page = await applications(services, wanted, limit=asked.limit, cursor=asked.cursor or None)
    told = ApplicationList(
        at=page.at,
        owners_at=page.owners_at,
        applications=page.rows,
        next=following(request, page.following),
        total=page.found,
        of=page.applications,
    )
    return ok(told)


async def report(services: Services, request: Request) -> Response:
    """Show one application as directory, usage sources and ledger have it now."""
    return ok(await application(services, await find_application(services, request.route["id"])))


async def expiries(services: Services, request: Request) -> Response:
    """List end dates, the earliest first: of secrets and certificates, ours and those that nobody rotates."""
    asked = read_query(ExpiryQuery, request)
    wanted = ending.Asked(
        what=asked.what,
        week=asked.week,
        first=asked.first,
        last=asked.last,
        policy=asked.policy,
        audience=asked.audience,
        status=asked.status,
        kind=asked.kind,
    )
    page = await ending.expiries(services, wanted, limit=asked.limit, cursor=asked.cursor or None)
    return ok(ExpiryList(expiries=page.rows, next=following(request, page.following), total=page.found))


async def advice(services: Services, _request: Request) -> Response:
    """Tell what could be better in the whole tenant, with the change to make; nothing is asked of the directory."""
    return ok(AdviceList(advice=tuple(await of_tenant(services))))
