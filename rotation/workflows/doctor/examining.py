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
type Remedy = Callable[[Patient], str]


def _grant(patient: Patient) -> str:
    return patient.graph_grant


def _others(_patient: Patient) -> str:
    return "mend what graph, table and configuration say, then rotation doctor"


def _tables(patient: Patient) -> str:
    return patient.storage_role(storage.TABLES_ROLE)


def _queues(patient: Patient) -> str:
    return patient.storage_role(storage.QUEUES_ROLE)


def _blobs(patient: Patient) -> str:
    return patient.storage_role(storage.BLOBS_ROLE)


CHECKS: tuple[tuple[str, Check, Remedy], ...] = (
    ("identity", directory.identity, _others),
    ("permission", rights.permissions, _grant),
    ("owner", rights.ownership, _others),
    ("graph", directory.reading, _grant),
    ("clock", directory.clocks, _others),
    ("table", storage.tables, _tables),
    ("queue", storage.queues, _queues),
    ("container", storage.snapshots, _blobs),
    ("vault", vaults.vaults, _others),
    ("secret", vaults.named_secrets, _others),
    ("audience", people.audiences, _others),
    ("destination", people.destinations, _others),
    ("reader", people.readers, _tables),
    ("canary", directory.canary, _others),
    ("scan", nights.nights, _tables),
    ("brake", nights.brakes, _tables),
)
"""
What is looked at, in the order of the report; with each, what mends an error that it did not foresee: the right to ask
what it asks, or what others in this list tell of more exactly.
"""


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

    async def run(name: str, check: Check, remedy: Remedy) -> Sequence[Finding]:
        found = await Ward(check=name, remedy=remedy(patient)).take(check(patient))
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
