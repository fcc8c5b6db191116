"""Run every check, each by itself: one that fails or hangs tells of itself alone."""

import asyncio
from collections.abc import Callable, Sequence

from rotation.domain.errors import RotationError
from rotation.domain.policy import Configuration
from rotation.ports.surroundings import Identity
from rotation.workflows.doctor import directory, nights, people, rights, storage, vaults
from rotation.workflows.doctor.findings import Finding, Findings, Patient, Report, Wants, Ward, failed, fine
from rotation.workflows.services import Services

type Check = Callable[[Patient], Findings]

CHECKS: tuple[tuple[str, Check, str], ...] = (
    ("identity", directory.identity, ""),
    ("permission", rights.permissions, ""),
    ("owner", rights.ownership, ""),
    ("graph", directory.reading, "infra/scripts/grant-graph-permissions.sh --identity OBJECT_ID --apply"),
    ("clock", directory.clocks, ""),
    ("table", storage.tables, 'az role assignment create --role "Storage Table Data Contributor" ...'),
    ("queue", storage.queues, 'az role assignment create --role "Storage Queue Data Contributor" ...'),
    ("container", storage.snapshots, 'az role assignment create --role "Storage Blob Data Owner" ...'),
    ("vault", vaults.vaults, ""),
    ("secret", vaults.named_secrets, ""),
    ("audience", people.audiences, "rotation notify test"),
    ("destination", people.destinations, "rotation destinations check"),
    ("reader", people.readers, ""),
    ("canary", directory.canary, ""),
    ("scan", nights.nights, "rotation status"),
    ("brake", nights.brakes, ""),
)
"""What is looked at, in the order of the report; with each, what mends an error that it did not foresee."""


async def examine(
    services: Services, wants: Wants | None = None, *, told: Callable[[str], None] | None = None
) -> Report:
    """
    Look at everything.

    Never raises for what it looks at: what cannot be looked at is a finding.

    Args:
        services: What is looked at.
        wants: How far it may go.
        told: Hears the name of each check that has ended.
    """
    asked = wants or Wants()
    who, first = await _identity(services)
    configuration, second = await _configuration(services)
    patient = Patient(services=services, wants=asked, identity=who, configuration=configuration)

    async def run(name: str, check: Check, remedy: str) -> Sequence[Finding]:
        found = await Ward(check=name, remedy=remedy).take(check(patient))
        if told is not None:
            told(name)
        return found

    every = await asyncio.gather(*(run(*each) for each in CHECKS))
    return Report(
        at=services.clock.now(),
        who=who.name if who else "",
        findings=(*first, *second, *(finding for found in every for finding in found)),
    )


async def _identity(services: Services) -> tuple[Identity | None, Sequence[Finding]]:
    try:
        return await services.surroundings.identity(), ()
    except RotationError as error:
        remedy = f"az login --tenant {services.tenant_id}"
        return None, (failed("identity", "Graph", error, remedy=remedy),)


async def _configuration(services: Services) -> tuple[Configuration | None, Sequence[Finding]]:
    try:
        found = await services.configurations.current()
    except RotationError as error:
        return None, (failed("configuration", "rotation.yaml", error, remedy="rotation config check"),)
    told = f"sound: {len(found.policies)} policies, {len(found.destinations)} destinations, digest {found.digest[:12]}"
    return found, (fine("configuration", "rotation.yaml", told),)
