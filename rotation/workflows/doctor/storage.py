"""Tables, queues and the container: there, and ours to write."""

from rotation.domain.errors import RotationError
from rotation.ledger import keys
from rotation.ledger.control import PARTITION
from rotation.ports.tables import Delete, Upsert
from rotation.workflows.doctor.findings import Finding, Findings, Patient, broken, failed, fine, warning
from rotation.workflows.scanning import last_finished

TABLES_ROLE, QUEUES_ROLE = "Storage Table Data Contributor", "Storage Queue Data Contributor"
BLOBS_ROLE = "Storage Blob Data Owner"
SNAPSHOTS = "snapshots"
PROBE_ROW = "doctor|probe"
PROBE_MESSAGE = '{"v":1,"doctor":"a probe that should have been taken back: nothing need be done"}'


BY_A_SCAN = {("table", keys.SCANS), ("table", keys.LEASES), ("queue", keys.QUEUE_SCANS)}
BY_A_COMPLETE_SCAN = {("container", SNAPSHOTS)}
BY_AN_ENROLMENT = {("table", name) for name in (keys.ROTATIONS, keys.LINES, keys.VAULT_NAMES)}
BY_A_ROTATION = {("table", keys.WAKES), ("queue", keys.QUEUE_ROTATIONS)}
"""What each of these has written to for certain."""


async def tables(patient: Patient) -> Findings:
    """Look for each table, and write a row and take it back."""
    account = patient.services.surroundings.place.storage_account
    missing = await patient.services.surroundings.missing_tables(keys.TABLES)
    written = await _written(patient) if missing else set()
    lost = {name: ("table", name) in written for name in missing}
    for gone in (True, False):
        if names := [name for name in missing if lost[name] is gone]:
            make = f"az storage table create -n $t --account-name {account} --auth-mode login"
            yield _missing("table", ", ".join(names), gone=gone, remedy=f"for t in {' '.join(names)}; do {make}; done")
    if not missing:
        yield fine("table", "all", f"all {len(keys.TABLES)} are there")
    if patient.wants.probe:
        yield await _row(patient)


def _missing(check: str, subject: str, *, gone: bool, remedy: str) -> Finding:
    if gone:
        return broken(check, subject, "missing, although it was written to: who deleted it?", remedy=remedy)
    return warning(check, subject, "not there; what is never written to is made when it is first used", remedy=remedy)


async def _written(patient: Patient) -> set[tuple[str, str]]:
    """
    Give what must be there, for what this deployment has done was written into it.

    Of the rest nobody can tell whether it was deleted, or never made: each is made when it is first written to.
    """
    scan = await last_finished(patient.services)
    written = (BY_A_SCAN if scan else set()) | (BY_A_COMPLETE_SCAN if scan and scan.complete else set())
    async for line in patient.services.lines.all():
        written |= BY_AN_ENROLMENT | (BY_A_ROTATION if line.latest else set())
    return written


async def _row(patient: Patient) -> Finding:
    now = patient.services.clock.now()
    commit = patient.services.tables.commit
    try:
        await commit(keys.CONTROL, PARTITION, [Upsert(key=PROBE_ROW, values={"at": now, "by": patient.wants.by})])
        await commit(keys.CONTROL, PARTITION, [Delete(key=PROBE_ROW)])
    except RotationError as error:
        return failed("table", keys.CONTROL, error, remedy=patient.storage_role(TABLES_ROLE))
    return fine("table", keys.CONTROL, "a row was written and taken back")


async def queues(patient: Patient) -> Findings:
    """Look for each queue, put a message in and take it out; and tell what the host gave up on."""
    for name in keys.QUEUES:
        yield await _queue(patient, name)
        poison = keys.poison_of(name)
        waiting = await patient.services.surroundings.waiting(poison)
        if waiting:
            told = f"{waiting} messages that the host gave up on wait here unread"
            yield warning("queue", poison, told, remedy="rotation replay; then look whether the host runs")


async def _queue(patient: Patient, name: str) -> Finding:
    around, account = patient.services.surroundings, patient.services.surroundings.place.storage_account
    try:
        waiting = await around.waiting(name)
        if waiting is None:
            mend = f"az storage queue create --name {name} --account-name {account} --auth-mode login"
            return _missing("queue", name, gone=("queue", name) in await _written(patient), remedy=mend)
        if patient.wants.probe:
            await around.try_queue(name, PROBE_MESSAGE)
    except RotationError as error:
        return failed("queue", name, error, remedy=patient.storage_role(QUEUES_ROLE))
    return fine("queue", name, f"about {waiting} waiting{'; a message went in and out' if patient.wants.probe else ''}")


async def snapshots(patient: Patient) -> Findings:
    """Look for the container of snapshots."""
    if await patient.services.surroundings.has_container():
        yield fine("container", SNAPSHOTS, "there")
        return
    account = patient.services.surroundings.place.storage_account
    mend = f"az storage container create --name {SNAPSHOTS} --account-name {account} --auth-mode login"
    yield _missing("container", SNAPSHOTS, gone=("container", SNAPSHOTS) in await _written(patient), remedy=mend)
