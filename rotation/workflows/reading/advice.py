"""What could be better, said where it applies, with the change to make. Nothing of it is done by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.credential import Application
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import DestinationName, LineName
from rotation.domain.policy import Configuration
from rotation.ledger.lines import IndexedLine
from rotation.ports.directory import Owner
from rotation.ports.integration import Integrations
from rotation.workflows.reading import links
from rotation.workflows.reading.inventory.listing import MANY, Trait, Wanted, select
from rotation.workflows.reading.timeline import within
from rotation.workflows.reading.uses import LastUses
from rotation.workflows.services import Services

UNUSED_FOR = timedelta(days=90)
"""A secret older than this that no usage source has shown since may go, once somebody has asked who holds it."""
CERTIFICATES_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing that could be better."""

    kind: str
    """`secretless`, `owner-less`, `never-ends`, `many-secrets`, `unused`, `ended`, `stray`, `certificates`."""
    what: str
    """A sentence."""
    how: str
    """The change to make."""
    count: int = 1
    """How many it is about."""
    link: str = ""
    """Where these are listed, or what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What advice about one application is given from."""

    application: Application
    owners: Sequence[Owner] | None
    """None: they could not be read."""
    lines: Mapping[LineName, Sequence[DestinationName]]
    """Its enrolled lines, and the destinations of each."""
    strays: int
    usage: LastUses


def of_application(services: Services, seen: Seen, configuration: Configuration) -> list[Advice]:
    """Advise on one application."""
    now = services.clock.now()
    return [
        *_secretless(seen, configuration, services.integrations),
        *_owner_less(seen),
        *_secrets(seen, now),
        *_unused(seen, now),
    ]


def _secretless(seen: Seen, configuration: Configuration, integrations: Integrations) -> Iterator[Advice]:
    for line, names in sorted(seen.lines.items()):
        for name in names:
            destination = configuration.destinations.get(name)
            told = integrations.of(destination).describe(destination).secretless if destination else ""
            if told:
                what = f"{name}, where line {line} is delivered, could do without a secret"
                yield Advice(kind="secretless", what=what, how=told, link=links.destination(name))


def _owner_less(seen: Seen) -> Iterator[Advice]:
    if seen.owners is not None and not seen.owners:
        how = "name an owner in Entra; until then reminders go to the fallback audience"
        yield Advice(kind="owner-less", what="nobody owns this application", how=how)


def _secrets(seen: Seen, now: datetime) -> Iterator[Advice]:
    secrets = seen.application.secrets
    endless = [secret for secret in secrets if secret.never_ends]
    ended = [secret for secret in secrets if secret.ended(now)]
    live = len(secrets) - len(ended)
    if endless:
        how = "enrol the line and hand it over: its successor ends, and it goes once nobody uses it"
        yield Advice(kind="never-ends", what=f"{_counted(len(endless))} never ends", how=how, count=len(endless))
    if live >= MANY:
        how = "find out who holds each; one a system is enough"
        yield Advice(kind="many-secrets", what=f"it has {live} live secrets", how=how, count=live)
    if ended:
        how = "remove what has ended in Entra, so that people see what is in use"
        yield Advice(
            kind="ended", what=f"{_counted(len(ended))} has ended and is still listed", how=how, count=len(ended)
        )
    if seen.strays:
        what = f"{_counted(seen.strays)} bears a marker that this ledger does not know"
        how = "ask who runs another deployment, or an older one; remove it in Entra once nobody uses it"
        yield Advice(kind="stray", what=what, how=how, count=seen.strays)


def _unused(seen: Seen, now: datetime) -> Iterator[Advice]:
    """Only where every source was read: one that could not be read may know of a use."""
    if not seen.usage.sources or seen.usage.unread:
        return
    old = [
        secret
        for secret in seen.application.secrets
        if not secret.ended(now) and secret.start_at is not None and now - secret.start_at > UNUSED_FOR
    ]
    idle = [key for key in old if (use := seen.usage.by_key.get(key.key_id)) is None or now - use.at > UNUSED_FOR]
    if idle:
        sources = ", ".join(seen.usage.sources)
        what = f"{_counted(len(idle))} was not used for {UNUSED_FOR.days} days, as far as {sources} shows"
        how = "ask who holds it; where nobody does, remove it in Entra"
        yield Advice(kind="unused", what=what, how=how, count=len(idle))


def _counted(number: int) -> str:
    return "a secret" if number == 1 else f"each of {number} secrets"


_TRAITS = (
    (Trait.OWNER_LESS, "owner-less", "applications have no owner", "name an owner in Entra"),
    (Trait.NEVER_ENDS, "never-ends", "applications hold a secret that never ends", "enrol them, or make it anew"),
    (Trait.MANY_SECRETS, "many-secrets", f"applications hold {MANY} live secrets or more", "one a system is enough"),
    (Trait.ENDED, "ended", "applications still list a secret that has ended", "remove what has ended in Entra"),
    (
        Trait.STRAY,
        "stray",
        "applications hold a secret with a marker that this ledger does not know",
        "ask who made it",
    ),
)


async def of_tenant(services: Services) -> list[Advice]:
    """Advise on the whole tenant, from the last complete passes; nothing is asked of directory or destinations."""
    configuration = await services.configurations.current()
    lines = [entry async for entry in services.lines.all()]
    standing = await services.control.standing()
    _secrets_soon, certificates = within(standing.ends, services.clock.now(), CERTIFICATES_AHEAD)
    found = [*_destinations(services, configuration, lines), *await _inventory(services)]
    if certificates:
        what = f"certificates and SAML signing certificates end within {CERTIFICATES_AHEAD.days} days: {certificates}"
        how = "renew them in Entra; Rotation reminds of them and rotates none"
        found.append(
            Advice(
                kind="certificates",
                what=what,
                how=how,
                count=certificates,
                link=links.expiries(what="certificates", within=f"{CERTIFICATES_AHEAD.days}d"),
            )
        )
    return found


def _destinations(services: Services, configuration: Configuration, lines: Sequence[IndexedLine]) -> Iterator[Advice]:
    for name, destination in configuration.destinations.items():
        told = services.integrations.of(destination).describe(destination).secretless
        users = [line for line in lines if name in destinations_of(line, configuration)]
        if told and users:
            delivered = "a line is delivered" if len(users) == 1 else f"{len(users)} lines are delivered"
            what = f"{name}, where {delivered}, could do without a secret"
            yield Advice(kind="secretless", what=what, how=told, count=len(users), link=links.destination(name))


def destinations_of(line: IndexedLine, configuration: Configuration) -> tuple[DestinationName, ...]:
    """Give the destinations that the configuration names for a line today."""
    policy = configuration.policy(line.policy)
    entry = policy.entry(line.id.name, line.id.application) if policy else None
    return entry.destinations if entry else ()


async def _inventory(services: Services) -> list[Advice]:
    try:
        inventory = await services.shelf.inventory(services.snapshots, services.clock)
    except NotFound:
        return []
    counts = {trait: len(select(inventory.columns, Wanted(traits=frozenset({trait})))) for trait, *_words in _TRAITS}
    return [
        Advice(
            kind=kind,
            what=f"{counts[trait]} {what}",
            how=how,
            count=counts[trait],
            link=links.applications(trait=trait),
        )
        for trait, kind, what, how in _TRAITS
        if counts[trait]
    ]
