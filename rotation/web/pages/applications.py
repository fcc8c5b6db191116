"""`/applications`: list, search, filter, order and page through all of the tenant, as the last scan found it."""

from datetime import UTC, datetime, timedelta

from rotation.domain.errors import Misread, NotFound
from rotation.domain.identifiers import PolicyName
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import href, render
from rotation.workflows.reading.inventory.listing import ApplicationRow, Trait, Wanted, applications
from rotation.workflows.reading.inventory.order import Order
from rotation.workflows.services import Services

TRAITS = {
    Trait.ENROLLED: "enrolled",
    Trait.NOT_ENROLLED: "not enrolled",
    Trait.OWNER_LESS: "without an owner",
    Trait.NEVER_ENDS: "with a secret that never ends",
    Trait.MANY_SECRETS: "with many live secrets",
    Trait.ENDED: "with a secret that has ended",
    Trait.ALL_ENDED: "with ended secrets only",
    Trait.STRAY: "with a stray",
    Trait.FOREIGN: "enrolled, with a foreign secret",
    Trait.SECRETLESS: "without any secret",
    Trait.DISABLED: "disabled",
    Trait.ENABLED: "not disabled",
}
ORDERS = {
    Order.NAME: "name",
    Order.ENDS: "what ends first",
    Order.SECRETS: "most secrets",
}
WITHIN = {"7": "7 days", "30": "30 days", "60": "60 days", "90": "90 days"}


async def everything(services: Services, request: Request) -> Response:
    """Give one page of the list; what is asked stands in the address."""
    asked = {name: request.query.get(name, "").strip() for name in ("q", "trait", "policy", "within", "order", "after")}
    wanted = _wanted(asked, services.clock.now())
    try:
        listing = await applications(services, wanted, cursor=asked["after"] or None)
    except NotFound:
        return render(services, request, "applications.html", listing=None, asked=asked)
    configuration = await services.configurations.current()
    kept = {name: text for name, text in asked.items() if name != "after"}
    return render(
        services,
        request,
        "applications.html",
        listing=listing,
        rows=[(row, _state(row, services.clock.now())) for row in listing.rows],
        asked=asked,
        filtered=any(text for name, text in kept.items() if name != "order"),
        traits=TRAITS,
        orders=ORDERS,
        within=WITHIN,
        policies=[policy.name for policy in configuration.policies],
        first=href("applications", **kept) if asked["after"] else "",
        following=href("applications", **kept, after=listing.following) if listing.following else "",
    )


def _wanted(asked: dict[str, str], now: datetime) -> Wanted:
    trait, order, within = asked["trait"], asked["order"] or Order.NAME, asked["within"]
    if trait and trait not in TRAITS:
        raise Misread("trait", trait, ", ".join(TRAITS))
    if order not in ORDERS:
        raise Misread("order", order, ", ".join(ORDERS))
    if within and within not in WITHIN:
        raise Misread("within", within, ", ".join(WITHIN))
    return Wanted(
        text=asked["q"],
        traits=frozenset({Trait(trait)}) if trait else frozenset(),
        policy=PolicyName(asked["policy"]) if asked["policy"] else None,
        ends_before=_day(now) + timedelta(days=int(within) + 1) if within else None,
        order=Order(order),
    )


def _day(now: datetime) -> datetime:
    """Give midnight: so the next pages of one search ask for the same."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _state(row: ApplicationRow, now: datetime) -> str:
    if row.ends_at is None:
        return "healthy" if row.live or not row.secrets else "expired"
    return "approaching" if row.ends_at <= now + timedelta(days=30) else "healthy"
