"""Search, filter, order, and page through the inventory."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rotation.domain.identifiers import PolicyName
from rotation.domain.policy import Mode
from rotation.workflows.reading import links
from rotation.workflows.reading.inventory.columns import (
    DISABLED,
    ENDED,
    ENROLLED,
    FOREIGN,
    LIVE,
    NEVER_ENDS,
    NO_END,
    SECRETS,
    STRAY,
    Columns,
)
from rotation.workflows.reading.inventory.order import Order, cursor_of, in_order, place_after
from rotation.workflows.services import Services

MANY = 3
"""Live secrets from which on an application has many."""
PAGE, LARGEST = 50, 500
HEX = frozenset("0123456789abcdefABCDEF-")
LEAST_DIGITS = 4
"""Hexadecimal digits from which on a text may be meant for an id."""


class Trait(StrEnum):
    """What an application may be asked to be."""

    ENROLLED = "enrolled"
    NOT_ENROLLED = "not-enrolled"
    DISABLED = "disabled"
    ENABLED = "enabled"
    NEVER_ENDS = "never-ends"
    ENDED = "ended"
    """It still lists a secret that has ended."""
    ALL_ENDED = "all-ended"
    """It lists secrets, and every one has ended."""
    SECRETLESS = "secretless"
    """It lists no client secret."""
    MANY_SECRETS = "many-secrets"
    OWNER_LESS = "owner-less"
    STRAY = "stray"
    FOREIGN = "foreign"


_FLAGS = {
    Trait.ENROLLED: (ENROLLED, ENROLLED),
    Trait.NOT_ENROLLED: (ENROLLED, 0),
    Trait.DISABLED: (DISABLED, DISABLED),
    Trait.ENABLED: (DISABLED, 0),
    Trait.NEVER_ENDS: (NEVER_ENDS, NEVER_ENDS),
    Trait.ENDED: (ENDED, ENDED),
    Trait.ALL_ENDED: (SECRETS | LIVE, SECRETS),
    Trait.SECRETLESS: (SECRETS, 0),
    Trait.STRAY: (STRAY, STRAY),
    Trait.FOREIGN: (FOREIGN, FOREIGN),
}
"""The flags that are looked at, and what they must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; everything that is given must hold."""

    text: str = ""
    """A part of the name or of an owner's, or the beginning of an object id, a client id or a key id."""
    traits: frozenset[Trait] = frozenset()
    policy: PolicyName | None = None
    mode: Mode | None = None
    ends_before: datetime | None = None
    """The next of its live secrets ends before."""
    order: Order = Order.NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """One application in a list."""

    object_id: str
    client_id: str
    name: str
    policy: str | None
    mode: str
    lines: tuple[str, ...]
    disabled: bool
    owners: tuple[str, ...] | None
    """None: no pass has read owners yet."""
    secrets: int
    live: int
    ends_at: datetime | None
    """When the next of its live secrets ends; None: none does."""
    never_ends: bool
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a list."""

    at: datetime
    """As of when."""
    age: timedelta
    owners_at: datetime | None
    applications: int
    """All that there are."""
    found: int
    """All that were asked for."""
    rows: tuple[ApplicationRow, ...]
    following: str | None
    """What to ask for to go on; None: this is the end."""


async def applications(
    services: Services, wanted: Wanted | None = None, *, limit: int = PAGE, cursor: str | None = None
) -> Listing:
    """
    Give one page of the applications that are asked for, at most 500.

    Raises:
        NotFound: No scan was ever complete (`no-inventory`).
        Misread: The cursor is not one of this list's.
    """
    wanted = wanted or Wanted()
    inventory = await services.shelf.inventory(services.snapshots, services.clock)
    columns = inventory.columns
    places = inventory.kept(wanted)
    if places is None:
        places = array("I", select(columns, wanted))
        inventory.keep(wanted, places)
    begin = place_after(columns, places, cursor, order=wanted.order) if cursor else 0
    shown = places[begin : begin + max(1, min(limit, LARGEST))]
    more = begin + len(shown) < len(places)
    return Listing(
        at=inventory.at,
        age=services.clock.now() - inventory.at,
        owners_at=inventory.owners_at,
        applications=len(columns),
        found=len(places),
        rows=tuple(_row(columns, place) for place in shown),
        following=cursor_of(columns, shown[-1], wanted.order) if more else None,
    )


def _row(columns: Columns, place: int) -> ApplicationRow:
    soonest = columns.soonest[place]
    object_id = columns.object_ids[place]
    return ApplicationRow(
        object_id=object_id,
        client_id=columns.client_ids[place],
        name=columns.names[place],
        policy=columns.policy_words[columns.policies[place]],
        mode=columns.mode_words[columns.modes[place]],
        lines=columns.enrolled_words[columns.enrolled[place]],
        disabled=bool(columns.flags[place] & DISABLED),
        owners=columns.owners_of(place),
        secrets=columns.first[place + 1] - columns.first[place],
        live=columns.live[place],
        ends_at=None if soonest == NO_END else datetime.fromtimestamp(soonest, tz=UTC),
        never_ends=bool(columns.flags[place] & NEVER_ENDS),
        link=links.application(object_id),
    )


def select(columns: Columns, wanted: Wanted) -> Sequence[int]:
    """Give the places of the applications that are asked for, in order."""
    text, flags = wanted.text.strip(), columns.flags
    found: Sequence[int] = in_order(columns, wanted.order)
    if text:
        named = _named(columns, text)
        found = [place for place in found if place in named]
    for mask, value in (_FLAGS[trait] for trait in wanted.traits if trait in _FLAGS):
        found = [place for place in found if flags[place] & mask == value]
    for holds in _tests(columns, wanted):
        found = [place for place in found if holds(place)]
    return found


def _tests(columns: Columns, wanted: Wanted) -> Iterator[Callable[[int], bool]]:
    live, soonest, policies, modes = columns.live, columns.soonest, columns.policies, columns.modes
    if Trait.MANY_SECRETS in wanted.traits:
        yield lambda place: live[place] >= MANY
    if Trait.OWNER_LESS in wanted.traits:
        yield lambda place: columns.owners_of(place) == ()
    if wanted.policy is not None:
        policy = columns.policy_words.find(wanted.policy)
        yield lambda place: policies[place] == policy
    if wanted.mode is not None:
        mode = columns.mode_words.find(wanted.mode)
        yield lambda place: modes[place] == mode
    if wanted.ends_before is not None:
        before = wanted.ends_before.timestamp()
        yield lambda place: soonest[place] < before


def _named(columns: Columns, text: str) -> set[int]:
    """Give whose name, owner or id it may be."""
    folded = text.casefold()
    found = set(columns.folded.holding(folded))
    if columns.owners is not None:
        owners = columns.owner_words.known
        theirs = {number for number, names in enumerate(owners) if any(folded in n.casefold() for n in names or ())}
        found |= {place for place, number in enumerate(columns.owners) if number in theirs}
    if len(text.replace("-", "")) >= LEAST_DIGITS and HEX.issuperset(text):
        found.update(columns.object_ids.beginning(text), columns.client_ids.beginning(text))
        found.update(columns.holder(at) for at in columns.key_ids.beginning(text))
    return found
