"""Tell what tonight would do: read everything, decide everything, write nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.policy import Ramp
from rotation.ledger.scans import DueLine
from rotation.workflows.secrets_pass import SecretsPass
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a scan would find now, and which brakes would hold."""

    at: datetime
    counts: Mapping[str, int]
    due: tuple[DueLine, ...]
    """Earliest end first."""
    would_open: int
    """So many of them tonight: the ramp takes the rest another night."""
    ramp: Ramp
    brakes: tuple[str, ...]
    """What would hold everything back now."""
    remarks: tuple[str, ...]


async def plan(services: Services, counts: dict[str, int] | None = None) -> Plan:
    """
    Read the whole directory as the nightly scan does and tell what it would open; writes nothing.

    *counts* is filled while it reads (`applications`, `credentials`, `pages` ...), for whoever watches.

    Raises:
        Retryable, AccessDenied: A page could not be read, so there is no plan.
    """
    reading = SecretsPass(services=services, scan="plan", dry_run=True, counts={} if counts is None else counts)
    await reading.read()
    due = reading.told_due()
    configuration = await services.configurations.current()
    beginning = await services.control.beginning.read()
    now = services.clock.now()
    ramp = configuration.limits.at(now, beginning.first_enrolled_at)
    brakes = await _brakes(services)
    return Plan(
        at=now,
        counts=dict(reading.counts),
        due=due,
        would_open=0 if brakes else min(len(due), ramp.opened_per_night),
        ramp=ramp,
        brakes=brakes,
        remarks=tuple(reading.remarks),
    )


async def _brakes(services: Services) -> tuple[str, ...]:
    held = []
    if (pause := await services.control.pause()) is not None:
        held.append(f"paused by {pause.by}: {pause.reason}")
    if (reason := (await services.control.breaker.read()).open_reason) is not None:
        held.append(f"the circuit breaker is open ({reason})")
    return tuple(held)
