"""
Look at every configured destination without a secret: would a delivery work, and what stands in its way?

All at once, a few at a time, each cut by its own time-out: one that hangs or fails tells of itself alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rotation.domain.capability import Check, Description, Readiness
from rotation.domain.delivery import DeliveryMode, Level
from rotation.domain.errors import Misconfigured, NeedsPerson, NotFound, RotationError
from rotation.domain.identifiers import DestinationName
from rotation.domain.policy import Configuration, Destination
from rotation.workflows.services import Services
from rotation.workflows.within import within

AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationView:
    """A destination in words, from its configuration alone."""

    name: DestinationName
    kind: str
    connection: str | None
    mode: DeliveryMode
    level: str
    """The surest level that can be reached there."""
    approval: bool
    where: str
    permissions: tuple[str, ...]
    secretless: str
    """How its consumer could do without a secret, with the change to make; empty: no way is known."""
    traps: tuple[str, ...]
    lines: tuple[str, ...]
    """`<policy>/<line>` of each entry that delivers there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one look gave; `reason` is a slug of the runbook, where there is one."""

    name: DestinationName
    kind: str
    readiness: Readiness
    why: str = ""
    warnings: tuple[str, ...] = ()
    reason: str = ""


async def describe(services: Services) -> Sequence[DestinationView]:
    """Describe every configured destination; nothing is asked of any of them."""
    configuration = await services.configurations.current()
    return [_view(services, configuration, each) for each in configuration.destinations.values()]


def _view(services: Services, configuration: Configuration, destination: Destination) -> DestinationView:
    kind = services.integrations.of(destination)
    told: Description = kind.describe(destination)
    named = [
        f"{policy.name}/{entry.name}"
        for policy in configuration.policies
        for entry in policy.lines
        if destination.name in entry.destinations
    ]
    return DestinationView(
        name=destination.name,
        kind=destination.kind,
        connection=destination.connection.name if destination.connection else None,
        mode=kind.capabilities.mode,
        level=Level(kind.capabilities.level).name.lower(),
        approval=destination.approval,
        where=told.where,
        permissions=told.permissions,
        secretless=told.secretless,
        traps=told.traps,
        lines=tuple(dict.fromkeys(named)),
    )


async def check(services: Services, names: Sequence[str] = ()) -> Sequence[Checked]:
    """
    Check the destinations of these names, or all of them, in the order of the configuration.

    Raises:
        NotFound: A name is of none (`no-such-destination`).
    """
    configuration = await services.configurations.current()
    known = configuration.destinations
    strangers = [name for name in names if name not in known]
    if strangers:
        told = f"no destination is called {', '.join(strangers)}; there are {', '.join(known) or 'none'}"
        raise NotFound(told, reason="no-such-destination", destinations=strangers)
    gate = asyncio.Semaphore(AT_ONCE)
    chosen = [each for name, each in known.items() if not names or name in names]
    found = await asyncio.gather(*(_one(services, each, gate) for each in chosen), return_exceptions=True)
    bugs = [each for each in found if isinstance(each, BaseException)]
    if bugs:
        raise bugs[0]  # a bug of one kind is told after the others were asked
    return [each for each in found if isinstance(each, Checked)]


async def _one(services: Services, destination: Destination, gate: asyncio.Semaphore) -> Checked:
    async with gate:
        try:
            kind = services.integrations.of(destination)
            answer = await within(services.timing.destination_call, kind.check(destination))
        except RotationError as error:
            return _refused(destination, error)
    return _answered(destination, answer)


def _answered(destination: Destination, answer: Check) -> Checked:
    return Checked(
        name=destination.name,
        kind=destination.kind,
        readiness=answer.readiness,
        why=answer.why,
        warnings=answer.warnings,
    )


def _refused(destination: Destination, error: RotationError) -> Checked:
    """Tell what somebody must mend from what may pass: no answer is not known to be either."""
    mend = isinstance(error, NeedsPerson | NotFound | Misconfigured)
    readiness = Readiness.MISCONFIGURED if mend else Readiness.UNKNOWN
    return Checked(
        name=destination.name, kind=destination.kind, readiness=readiness, why=error.message, reason=error.reason
    )
