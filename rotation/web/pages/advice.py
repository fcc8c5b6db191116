"""`/advice`: what could be better in the whole tenant, by kind, with the first few by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from rotation.domain.errors import NotFound
from rotation.domain.policy import Configuration
from rotation.ledger.lines import IndexedLine
from rotation.web.exchange import Request, Response
from rotation.web.pages.rendering import render
from rotation.workflows.reading import links
from rotation.workflows.reading.advice import CERTIFICATES_AHEAD, Advice, destinations_of, of_tenant
from rotation.workflows.reading.expiries import Asked, What, expiries
from rotation.workflows.reading.inventory.listing import Trait, Wanted, applications
from rotation.workflows.reading.inventory.shelf import Inventory
from rotation.workflows.services import Services

SHOWN = 10
"""Named of each; the rest are one click away."""
KINDS = {
    "secretless": "Could do without a secret",
    "never-ends": "A secret that never ends",
    "stray": "A secret whose marker nobody here knows",
    "many-secrets": "Many live secrets",
    "owner-less": "No owner",
    "ended": "An ended secret that is still listed",
    "certificates": "A certificate or SAML certificate that ends",
}
"""What each kind of advice is called, the most valuable first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One application that a piece of advice is about."""

    name: str
    link: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of advice, and whom it is about."""

    advice: Advice
    examples: Sequence[Example]

    @property
    def more(self) -> int:
        """How many are not named."""
        return max(0, self.advice.count - len(self.examples))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All advice of one kind."""

    kind: str
    title: str
    pieces: Sequence[Piece]

    @property
    def count(self) -> int:
        """How many it is about."""
        return sum(piece.advice.count for piece in self.pieces)


async def of_all(services: Services, request: Request) -> Response:
    """Tell what could be better, as the last complete passes found it; nothing is asked of the directory."""
    inventory = await _inventory(services)
    return render(
        services,
        request,
        "advice.html",
        groups=await _groups(services),
        seen_at=inventory.at if inventory else None,
        owners_at=inventory.owners_at if inventory else None,
    )


async def _inventory(services: Services) -> Inventory | None:
    try:
        return await services.shelf.inventory(services.snapshots, services.clock)
    except NotFound:
        return None


async def _groups(services: Services) -> list[Group]:
    configuration = await services.configurations.current()
    lines = [entry async for entry in services.lines.all()]
    pieces = [
        Piece(advice=advice, examples=await _examples(services, advice, list(_delivered(advice, lines, configuration))))
        for advice in await of_tenant(services)
    ]
    by_kind = {kind: [piece for piece in pieces if piece.advice.kind == kind] for kind in KINDS}
    return [Group(kind=kind, title=KINDS[kind], pieces=found) for kind, found in by_kind.items() if found]


async def _examples(services: Services, advice: Advice, delivered: Sequence[Example]) -> Sequence[Example]:
    match advice.kind:
        case "secretless":
            return delivered[:SHOWN]
        case "certificates":
            return await _certificates(services)
        case kind:
            listing = await applications(services, Wanted(traits=frozenset({Trait(kind)})), limit=SHOWN)
            return [Example(name=row.name, link=row.link, says=_live(row.live, row.secrets)) for row in listing.rows]


def _live(live: int, secrets: int) -> str:
    return f"{live} live of {secrets}" if secrets else "no secret"


def _delivered(advice: Advice, lines: Sequence[IndexedLine], configuration: Configuration) -> Iterator[Example]:
    """Give the lines that are delivered where this advice leads."""
    names = {name for name in configuration.destinations if links.destination(name) == advice.link}
    for line in lines:
        if names.intersection(destinations_of(line, configuration)):
            yield Example(name=line.display_name, link=links.line(line.id), says=f"line {line.id.name}")


async def _certificates(services: Services) -> Sequence[Example]:
    today = services.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Asked(what=What.CERTIFICATES, first=today, last=today + CERTIFICATES_AHEAD)
    found = await expiries(services, asked, limit=SHOWN)
    return [
        Example(
            name=row.name,
            link=row.link,
            says=f"{row.kind.replace('-', ' ')}, ends {row.end_at:%Y-%m-%d}" if row.end_at else row.kind,
        )
        for row in found.rows
    ]
