"""Tables, queues and the container: there, and ours to write."""

from rotation.domain.errors import RotationError
from rotation.ledger import keys
from rotation.ledger.control import PARTITION
from rotation.ports.tables import Delete, Upsert
from rotation.workflows.doctor.findings import Finding, Findings, Patient, broken, failed, fine, warning
from rotation.workflows.scanning import last_finished

TABLES_ROLE, QUEUES_ROLE = "Storage Table Data Contributor", "Storage Queue Data Contributor"
BLOBS_ROLE = "Storage Blob Data Owner"
PROBE_ROW = "doctor|probe"
PROBE_MESSAGE = '{"v":1,"doctor":"a probe that should have been taken back: nothing need be done"}'


async def tables(patient: Patient) -> Findings:
    """Look for each table, and write a row and take it back."""
    account = patient.services.surroundings.place.storage_account
    missing = await patient.services.surroundings.missing_tables(keys.TABLES)
    if missing:
        make = f"az storage table create -n $t --account-name {account} --auth-mode login"
        mend = f"for t in {' '.join(missing)}; do {make}; done"
        yield await _missing(patient, "table", ", ".join(missing), remedy=mend)
    else:
        yield fine("table", "all", f"all {len(keys.TABLES)} are there")
    if patient.wants.probe:
        yield await _row(patient)


async def _missing(patient: Patient, check: str, subject: str, *, remedy: str) -> Finding:
    """Tell what was lost from what was never there: whatever is first written to is made then."""
    if await _in_use(patient):
        return broken(check, subject, "missing, although this deployment is in use: who deleted it?", remedy=remedy)
    return warning(check, subject, "missing; it is made when it is first used", remedy=remedy)


async def _in_use(patient: Patient) -> bool:
    async for _line in patient.services.lines.all():
        return True
    return await last_finished(patient.services) is not None


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
            return await _missing(patient, "queue", name, remedy=mend)
        if patient.wants.probe:
            await around.try_queue(name, PROBE_MESSAGE)
    except RotationError as error:
        return failed("queue", name, error, remedy=patient.storage_role(QUEUES_ROLE))
    return fine("queue", name, f"about {waiting} waiting{'; a message went in and out' if patient.wants.probe else ''}")


async def snapshots(patient: Patient) -> Findings:
    """Look for the container of snapshots."""
    if await patient.services.surroundings.has_container():
        yield fine("container", "snapshots", "there")
        return
    account = patient.services.surroundings.place.storage_account
    mend = f"az storage container create --name snapshots --account-name {account} --auth-mode login"
    yield await _missing(patient, "container", "snapshots", remedy=mend)
