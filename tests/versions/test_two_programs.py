"""Nights on which two versions of the program have been at work: the older one meets rows that the newer one wrote."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import NewerVersion
from rotation.domain.identifiers import ObjectId
from rotation.domain.messages import read_rotation
from rotation.domain.use import Use
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import use_columns
from rotation.ledger.codec import VERSION
from rotation.ledger.expiries import all_expiries
from rotation.ledger.scans import Scans
from rotation.ports.tables import Row, Upsert, Value
from rotation.triggers import boundary
from rotation.workflows import rotate, showing
from rotation.workflows.auto_enrol import enrol_by_policy
from rotation.workflows.doctor.examining import examine
from rotation.workflows.doctor.findings import Standing
from rotation.workflows.giving_up import gave_up
from rotation.workflows.reading.destinations import held_at
from rotation.workflows.reminding import digest
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.replaying import replay
from rotation.workflows.resuming import retry_reason
from rotation.workflows.services import Services
from tests.fakes.mishaps import Mishap
from tests.fakes.world import POLICY, World, configure, destination

NEWER = 99
LEASE = frozenset({"owner", "token", "number", "expires_at"})
STORE, FORM = destination("store"), destination("form", "person")
KINDS = ("line", "rotation", "delivery", "destination", "use")


def rows_of(world: World, application: ObjectId) -> dict[str, Mapping[str, Value]]:
    """Give the rows of one application as they stand, without who holds a lease."""
    rows = [row for row in world.tables.all_rows(keys.ROTATIONS) if row.partition == application]
    return {row.key: {name: row.values[name] for name in row.values if name not in LEASE} for row in rows}


def fenced(world: World, application: ObjectId, kinds: tuple[str, ...] = KINDS) -> list[Row]:
    """Find the rows that tell their version."""
    wanted = [f"a|{kind}|" for kind in kinds]
    rows = [row for row in world.tables.all_rows(keys.ROTATIONS) if row.partition == application]
    return [row for row in rows if VERSION in row.values and row.key.startswith(tuple(wanted))]


def write(world: World, rows: list[Row], version: int | None = None) -> None:
    """Let another version of the program have written these rows; without one, they are as they were read."""
    for row in rows:
        changed = Upsert(key=row.key, values={**row.values, VERSION: version or row.values[VERSION]})
        world.tables._apply(keys.ROTATIONS, row.partition, [changed])


async def begun(world: World, *applications: Application) -> None:
    """Let a rotation of each be on its way, with a hand-off that waits."""
    for application in applications:
        await world.enrol(application)
        use = Upsert(key=keys.use(application.secrets[0].key_id), values=use_columns(Use()))
        await world.tables.commit(keys.ROTATIONS, application.object_id, [use])
    await world.scan()
    await world.run(timedelta(hours=2))


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_newer_version_wrote_waits_and_the_others_go_on(kind: str) -> None:
    world = World(configuration=configure(STORE, FORM))
    theirs, ours = world.add_application(1), world.add_application(2)
    await begun(world, theirs, ours)
    newer = fenced(world, theirs.object_id, (kind,))
    assert newer
    write(world, newer, NEWER)
    before, wakes = rows_of(world, theirs.object_id), await world.wakes()
    credentials = await world.directory.application(theirs.object_id)
    await world.nights(1)
    await world.invoke(digest)
    await world.invoke(write_lines_anew)
    await world.run(timedelta(minutes=5))
    assert rows_of(world, theirs.object_id) == before, "nothing of it was changed"
    assert await world.directory.application(theirs.object_id) == credentials
    assert {wake for wake in wakes if theirs.object_id in wake} <= set(await world.wakes()), "its wakes stand"
    assert (await ledger.read(world.tables, ours.object_id)).lines
    write(world, newer)
    assert (await ledger.read(world.tables, theirs.object_id)).rotations


async def test_with_the_newer_version_deployed_a_rotation_goes_on_where_it_stood() -> None:
    world = World()
    theirs = world.add_application()
    await world.enrol(theirs)
    await world.open(theirs)
    theirs_to_read = fenced(world, theirs.object_id)
    write(world, theirs_to_read, NEWER)
    await world.run(timedelta(hours=3))
    write(world, theirs_to_read)
    assert world.phases() == ["planned"]
    await world.run(timedelta(minutes=10))
    assert world.phases() == ["overlapping"]


async def test_people_are_told_once_a_day_what_waits_for_the_newer_version() -> None:
    world = World(configuration=configure(STORE, FORM))
    applications = [world.add_application(number) for number in range(1, 9)]
    await begun(world, *applications)
    for application in applications:
        write(world, fenced(world, application.object_id, ("rotation",)), NEWER)
    await world.invoke(digest)
    await world.invoke(digest)
    await world.run(timedelta(minutes=5))
    (told,) = [title for title in world.titles() if "newer version" in title]
    assert "and 3 more" in told
    assert world.alarms().count("newer-version") == 1


async def test_every_door_for_people_says_what_it_is_and_the_lists_still_open() -> None:
    world = World(configuration=configure(STORE, FORM))
    theirs, ours = world.add_application(1), world.add_application(2)
    await begun(world, theirs, ours)
    write(world, fenced(world, theirs.object_id), NEWER)
    services = world.calm()
    with pytest.raises(NewerVersion, match="version 99, and this program reads up to"):
        await showing.rotation(services, world.rotations()[0].id)
    held = await held_at(services, STORE.name)
    assert sorted(row.level == "newer-version" for row in held.rows) == [False, True]


async def test_what_stopped_is_left_where_a_newer_version_holds_it() -> None:
    world = World()
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.DENIED)
    theirs, ours = world.add_application(1), world.add_application(2)
    await begun(world, theirs, ours)
    write(world, fenced(world, theirs.object_id), NEWER)
    assert await retry_reason(world.calm(), "access-denied", by="anna") == 1


async def test_a_replay_says_what_has_to_wait() -> None:
    world = World()
    theirs = world.add_application()
    await world.enrol(theirs)
    await world.open(theirs)
    rotation = str(world.rotations()[0].id)
    await gave_up(world.calm(), keys.QUEUE_ROTATIONS, f'{{"v":1,"rotation":"{rotation}"}}')
    write(world, fenced(world, theirs.object_id), NEWER)
    assert (await replay(world.calm(), by="anna")).later == [rotation]


async def test_a_canary_of_a_newer_version_stops_the_night_and_people_are_told() -> None:
    world = World()
    canary = world.add_application(1)
    await world.enrol(canary)
    world.make_canary(canary)
    write(world, fenced(world, canary.object_id), NEWER)
    await world.nights(1)
    assert "canary-failed" in world.alarms()
    assert world.phases() == []


async def test_a_policy_enrols_the_others_where_a_newer_version_holds_one() -> None:
    world = World()
    theirs, ours = world.add_application(1), world.add_application(2)
    await begun(world, theirs)
    write(world, fenced(world, theirs.object_id), NEWER)
    fresh = [theirs.object_id, ours.object_id]
    remarks = await enrol_by_policy(world.calm(), {POLICY: fresh}, {POLICY: 2})
    assert [remark.partition(":")[0] for remark in remarks] == [theirs.object_id]
    assert (await world.line(ours)).enrolment.by == "policy ours"


async def test_a_credential_of_a_newer_versions_rotation_is_no_stray() -> None:
    world = World(configuration=configure(STORE, FORM))
    theirs = world.add_application()
    await begun(world, theirs)
    minted = (await world.directory.application(theirs.object_id)).secrets[-1]
    await world.release(theirs)
    rotation = fenced(world, theirs.object_id, ("rotation",))
    write(world, rotation, NEWER)
    await world.scan()
    statuses = {row.key_id: row.status async for row in all_expiries(world.tables)}
    assert statuses.get(minted.key_id, "orphan") == "orphan"
    scans = await Scans(world.tables).since(world.clock.now() - timedelta(days=1))
    assert any("newer version" in remark for scan in scans for remark in scan.remarks)


async def test_a_poisoned_message_of_a_newer_version_ends_without_a_word() -> None:
    world = World()
    theirs = world.add_application()
    await world.enrol(theirs)
    await world.open(theirs)
    text = f'{{"v":2,"rotation":"{world.rotations()[0].id}","more":1}}'
    await boundary.message(world.services, keys.QUEUE_ROTATIONS, text, work=_step)
    await boundary.poison(world.services, keys.QUEUE_ROTATIONS, text)
    assert world.alarms() == []
    assert not world.tables.all_rows(keys.NOTICES)
    await world.run(timedelta(minutes=10))
    assert world.phases() == ["overlapping"], "its wake nudges this program with a message of its own"


async def test_a_wake_of_another_form_is_left_alone() -> None:
    world = World()
    ours = world.add_application()
    await world.enrol(ours)
    await world.open(ours)
    other = Upsert(key="a|b|c|d", values={"look_at": world.clock.now() - timedelta(days=1), "v": NEWER})
    await world.tables.commit(keys.WAKES, "a", [other])
    await world.run(timedelta(minutes=10))
    assert world.phases() == ["overlapping"]
    assert other.key in await world.wakes()


async def _step(services: Services, text: str) -> None:
    await rotate.advance(services, read_rotation(text))


async def test_the_doctor_names_what_waits_and_looks_at_the_others() -> None:
    world = World(configuration=configure(FORM))
    theirs, ours = world.add_application(1), world.add_application(2)
    await begun(world, theirs, ours)
    write(world, fenced(world, theirs.object_id), NEWER)
    report = await examine(world.calm())
    readers = {finding.subject: finding for finding in report.findings if finding.check == "reader"}
    assert readers[theirs.object_id].standing is Standing.BROKEN
    assert len(readers) == 2
