"""
What every collection of a tenant must agree on about one application.

The application, its service principal, its owners and its federated credentials
are made apart, in any order; each starts from the same draft.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from sandbox.tenant.identity import guid, stream
from sandbox.tenant.kinds import SPECIMENS, Kind, kind_of
from sandbox.tenant.vocabulary import WORDS

_NEEDS_PRINCIPAL = frozenset({Kind.SAML, Kind.ON_PRINCIPAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a tenant is made from; equal recipes make equal tenants."""

    seed: int
    applications: int
    now: datetime
    tenant_id: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    One application before its details.

    Attributes:
        principal_id: None where the application has no service principal here.
        rng: Draws the details; two drafts of one number draw alike.
    """

    number: int
    object_id: str
    client_id: str
    principal_id: str | None
    kind: Kind
    name: str
    rng: Random


def draft(seed: int, number: int) -> Draft:
    source = stream(seed=seed, kind="application", number=number)
    rng = _details(source)
    kind = kind_of(rng, number)
    homeless = rng.random() < 0.06 and kind not in _NEEDS_PRINCIPAL
    return Draft(
        number=number,
        object_id=guid(source[:16]),
        client_id=guid(source[16:32]),
        principal_id=None if homeless else guid(source[32:48]),
        kind=kind,
        name=_name(rng, number),
        rng=rng,
    )


def drawn_kind(seed: int, number: int) -> Kind:
    """Return the kind that the draft would have, without the rest of it."""
    return kind_of(_details(stream(seed=seed, kind="application", number=number)), number)


def drawn_object_id(seed: int, number: int) -> str:
    """Return the object id that the draft would have, without the rest of it."""
    return guid(stream(seed=seed, kind="application", number=number)[:16])


def _details(source: bytes) -> Random:
    return Random(int.from_bytes(source[48:]))


def _name(rng: Random, number: int) -> str:
    odd = number - len(SPECIMENS)
    if 0 <= odd < len(WORDS.odd_names):
        return WORDS.odd_names[odd]
    system, purpose, style = rng.choice(WORDS.systems), rng.choice(WORDS.purposes), rng.randrange(10)
    if style < 5:
        return f"{system} {purpose}"
    if style < 7:
        return f"{system}-{purpose}-{rng.choice(WORDS.environments)}".lower().replace(" ", "-")
    if style < 8:
        return f"sp-{system}-{rng.choice(WORDS.regions)}-{number % 100:02d}".lower().replace(" ", "")
    if style < 9:
        return f"{system} {purpose} ({rng.choice(WORDS.environments).upper()})"
    return rng.choice(WORDS.odd_names) if rng.random() < 0.5 else f"{purpose} {number}"
