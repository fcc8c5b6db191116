"""`/api/health`: can we reach what we need, was every night's scan complete, does anything stand still, what holds."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation import __version__
from rotation.domain.errors import ApplicationGone, RotationError
from rotation.domain.identifiers import ObjectId
from rotation.web.admitting import require
from rotation.web.exchange import Request, Response
from rotation.web.principal import Role
from rotation.web.queries import Query, read_query
from rotation.workflows.doctor.examining import examine
from rotation.workflows.doctor.findings import Finding, Wants
from rotation.workflows.scanning import last_complete, last_finished
from rotation.workflows.services import Services
from rotation.workflows.watching import missed_night, standing_still, told

NOBODY = ObjectId("00000000-0000-0000-0000-000000000000")
PROBE = "rotation-health-probe"
"""A vault name that need not exist: an empty answer is an answer."""
WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was asked."""

    name: str
    healthy: bool
    says: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was asked, all at once, and whether all of it is well."""

    healthy: bool
    at: datetime
    version: str
    """Of the program that answers."""
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the doctor found."""

    healthy: bool
    at: datetime
    who: str
    findings: tuple[Finding, ...]


class HealthQuery(Query):
    """How far to look."""

    deep: bool = False


async def report(services: Services, request: Request) -> Response:
    """
    Ask everything at once; 200 where all of it is well, else 503 with the same body.

    Raises:
        NotAllowed: It asks for a `deep` look, which probes by writing, and is no administrator.
    """
    if read_query(HealthQuery, request).deep:
        return await _deep(services, request)
    checks = await asyncio.gather(
        _check("storage", _storage(services)),
        _check("vault", _vault(services)),
        _check("graph", _graph(services)),
        _check("configuration", _configuration(services)),
        _check("scan", _scan(services)),
        _check("rotations", _rotations(services)),
        _check("brakes", _brakes(services)),
    )
    healthy = all(check.healthy for check in checks)
    body = Health(healthy=healthy, at=services.clock.now(), version=__version__, checks=tuple(checks))
    return Response(status=200 if healthy else 503, body=body)


async def _deep(services: Services, request: Request) -> Response:
    """Let the doctor look at everything that the deployment stands on, with what mends each thing."""
    require(request, Role.ADMINISTRATOR, by_person=True)
    found = await examine(services, Wants(sparing=True, by=request.by))
    told = Examined(healthy=found.healthy, at=found.at, who=found.who, findings=found.findings)
    return Response(status=200 if found.healthy else 503, body=told)


async def _check(name: str, asking: Awaitable[tuple[bool, str]]) -> Check:
    began = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            healthy, says = await asking
    except RotationError as error:
        healthy, says = False, f"{error.reason}: {error.message}"
    except TimeoutError:
        healthy, says = False, f"no answer in {WITHIN.seconds} s"
    return Check(name=name, healthy=healthy, says=says, seconds=round(time.monotonic() - began, 3))


async def _storage(services: Services) -> tuple[bool, str]:
    await services.control.pause()
    return True, "tables answer"


async def _vault(services: Services) -> tuple[bool, str]:
    await services.vaults.at(services.vault_url).versions(PROBE)
    return True, f"{services.vault_url} answers"


async def _graph(services: Services) -> tuple[bool, str]:
    with suppress(ApplicationGone):
        await services.directory.application(NOBODY)
    return True, "the directory answers"


async def _configuration(services: Services) -> tuple[bool, str]:
    found = await services.configurations.current()
    return True, f"{len(found.policies)} policies, digest {found.digest[:12]}"


async def _scan(services: Services) -> tuple[bool, str]:
    scan = await last_complete(services)
    if scan is None or scan.finished_at is None:
        return False, "no complete scan in the last seven days"
    if missed := await missed_night(services):
        return False, missed
    latest = await last_finished(services)
    if latest is not None and not latest.complete:
        return False, f"the last scan ({latest.id}) is incomplete: {latest.problem}"
    return True, f"last complete scan {scan.finished_at:%Y-%m-%d %H:%M} UTC ({scan.id})"


async def _rotations(services: Services) -> tuple[bool, str]:
    still = await standing_still(services)
    return not still, told(still, services.timing.phase_deadline) if still else "none stands still"


async def _brakes(services: Services) -> tuple[bool, str]:
    """A pause is somebody's will, so it is told and is no illness; an open breaker is one."""
    breaker = (await services.control.breaker.read()).open_reason
    if breaker is not None:
        return False, f"the circuit breaker is open ({breaker})"
    pause = await services.control.pause()
    return True, f"paused by {pause.by}: {pause.reason}" if pause else "none holds"
