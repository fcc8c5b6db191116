"""The nightly scan: everything or "incomplete"; what it writes, and what it never decides."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Credential
from rotation.domain.errors import LeaseHeld
from rotation.domain.policy import Mode
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Fence, Place
from rotation.ports.directory import PassItem
from rotation.workflows.planning import plan
from rotation.workflows.scanning import WEEKLY, begin_scan, last_complete, run_scan
from tests.fakes.directory_state import make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World

DAY = timedelta(days=1)


def snapshot(world: World, name: str = "secrets") -> list[dict[str, object]]:
    return [json.loads(line) for line in world.snapshots.files.get(name, ())]


def expiries(world: World) -> dict[str, str]:
    rows = world.tables.all_rows(keys.EXPIRIES)
    return {row.key.split("|")[1]: str(row.values["status"]) for row in rows}


async def test_a_night_writes_one_snapshot_and_what_ends_within_the_horizon() -> None:
    world = World()
    near = world.add_application(1, ends_in=30 * DAY)
    far = world.add_application(2, ends_in=400 * DAY)
    await world.scan()
    assert {line["id"] for line in snapshot(world)} == {near.object_id, far.object_id}
    assert expiries(world) == {near.secrets[0].key_id: "monitored"}


async def test_a_night_on_which_nothing_changed_writes_no_expiry() -> None:
    world = World()
    for number in range(1, 30):
        world.add_application(number, ends_in=number * DAY)
    await world.scan()
    before = sum(table == keys.EXPIRIES for table, _partition, _changes in world.tables.commits)
    assert before <= 6, "one transaction a week of ends"
    await world.run(timedelta(hours=1))
    await world.scan()
    assert sum(table == keys.EXPIRIES for table, _partition, _changes in world.tables.commits) == before


async def test_what_is_gone_leaves_the_expiries() -> None:
    world = World()
    application = world.add_application(1, ends_in=30 * DAY)
    await world.scan()
    world.directory.drop_secret(application.object_id, application.secrets[0].key_id)
    await world.nights(1)
    assert expiries(world) == {}


async def test_an_unreadable_page_is_an_incomplete_scan_and_nothing_is_put_in_place() -> None:
    world = World()
    world.directory.page_size = 2
    applications = [world.add_application(number) for number in range(1, 6)]
    await world.enrol(applications[0])
    world.directory.unreadable_pages = {1}
    await world.scan()
    assert snapshot(world) == []
    assert world.tables.all_rows(keys.EXPIRIES) == []
    assert world.rotations() == [], "an incomplete scan opens nothing"
    assert world.alarms() == ["scan-incomplete"]
    assert await last_complete(world.services()) is None
    await world.scan()
    assert world.alarms() == ["scan-incomplete"], "once a day"
    world.directory.unreadable_pages = set()
    await world.scan()
    assert len(snapshot(world)) == 5
    assert len(world.rotations()) == 1


async def test_a_malformed_application_is_reported_and_the_others_pass() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.directory.malformed = [("entry 7", "endDateTime is not a date")]
    await world.scan()
    scan = await last_complete(world.services())
    assert scan is not None
    assert scan.counts["malformed"] == 1
    assert any("entry 7" in remark for remark in scan.remarks)
    assert len(world.rotations()) == 1


async def test_ignored_applications_stand_in_the_inventory_and_are_not_told_of() -> None:
    world = World()
    application = world.add_application(ends_in=10 * DAY)
    world.change_policy(mode=Mode.IGNORE)
    await world.scan()
    assert snapshot(world)[0]["mode"] == "ignore"
    assert expiries(world) == {application.secrets[0].key_id: "ignored"}


async def test_statuses_tell_current_predecessor_foreign_and_stray_apart() -> None:
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    await world.nights(1)
    end = world.clock.now() + 30 * DAY
    foreign = world.directory.add_secret(application.object_id, end_at=end, display_name="theirs").credential.key_id
    stray_name = f"x (rotation:{'0' * 25}7.1)"
    stray = world.directory.add_secret(application.object_id, end_at=end, display_name=stray_name).credential.key_id
    await world.scan()
    current = (await world.line(application)).current
    assert current is not None
    assert expiries(world) == {
        application.secrets[0].key_id: "predecessor",
        current: "current",
        foreign: "foreign",
        stray: "stray",
    }


async def test_the_new_end_date_is_in_table_storage_as_soon_as_it_is_published() -> None:
    """Not only at the next scan."""
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(hours=1))
    current = (await world.line(application)).current
    assert current is not None
    assert expiries(world) == {current: "current"}
    row = world.tables.all_rows(keys.EXPIRIES)[0]
    minted = world.rotations()[0].minted
    assert minted is not None
    assert row.values["end_at"] == minted.end_at
    await world.scan()
    writes = sum(table == keys.EXPIRIES for table, _partition, _changes in world.tables.commits)
    await world.scan()
    assert sum(table == keys.EXPIRIES for table, _partition, _changes in world.tables.commits) == writes


async def test_a_dry_run_writes_nothing_but_its_own_row() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await begin_scan(world.services(), by="test", dry_run=True)
    await world.run(timedelta(minutes=10))
    assert snapshot(world) == []
    assert world.rotations() == []
    assert world.tables.all_rows(keys.EXPIRIES) == []
    scan = world.tables.all_rows(keys.SCANS)[0]
    assert '"count' in str(scan.values["state"])


async def test_a_plan_tells_what_tonight_would_open_and_writes_nothing() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    before = len(world.tables.commits)
    told = await plan(world.services())
    assert [due.application for due in told.due] == [application.display_name]
    assert told.would_open == 1
    assert len(world.tables.commits) == before


async def test_a_scan_that_died_is_asked_for_again() -> None:
    world = World()
    world.add_application()
    trace_end = 30
    for point in range(0, trace_end, 5):
        world.crash_at(point)
        await world.scan()
        await world.run(timedelta(minutes=40))
        rows = world.tables.all_rows(keys.SCANS)
        assert all(row.values["finished"] for row in rows), point


async def test_two_scans_at_once_run_one_after_the_other() -> None:
    world = World()
    world.add_application()
    await begin_scan(world.services(), by="one")
    await begin_scan(world.services(), by="two")
    world.queues.times = 2
    await world.run(timedelta(hours=1))
    assert all(row.values["finished"] for row in world.tables.all_rows(keys.SCANS))


async def test_an_application_that_the_pass_did_not_meet_is_asked_for_by_id() -> None:
    """Gone only when a read by id says so."""
    world = World()
    application = world.add_application(ends_in=150 * DAY)
    await world.enrol(application)
    world.directory.delete(application.object_id)
    await world.nights(1)
    blocked = (await world.line(application)).blocked
    assert blocked is not None
    assert blocked.reason == "application-gone"
    world.directory.record(application.object_id).deleted = False
    await world.nights(1)
    assert (await world.line(application)).blocked is None


async def test_weekly_passes_watch_certificates_and_service_principals() -> None:
    world = World()
    application = world.add_application()
    end = world.clock.now() + 20 * DAY
    for number, kind in ((1, "certificate"), (2, "saml-certificate"), (3, "service-principal-secret")):
        item = PassItem(
            object_id=application.object_id,
            client_id=application.client_id,
            display_name="X",
            kind=kind,
            credentials=(Credential(key_id=make_key_id(number), end_at=end),),
        )
        home = world.directory.certificate_items if number == 1 else world.directory.service_principal_items
        home.append(item)
    for name in WEEKLY:
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.run(timedelta(minutes=10))
    kinds = {str(row.values["kind"]) for row in world.tables.all_rows(keys.EXPIRIES)}
    assert kinds == {"certificate", "saml-certificate", "service-principal-secret"}
    assert world.directory.removed == []


@pytest.mark.parametrize("broken", ["certificates", "service_principals"])
async def test_a_weekly_pass_that_cannot_read_says_so_and_keeps_what_was_known(broken: str) -> None:
    world = World()
    world.directory.reads.plan(broken, Mishap.UNAVAILABLE)
    for name in WEEKLY:
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.run(timedelta(minutes=10))
    assert world.alarms() == ["scan-incomplete"]


async def test_a_usage_pass_that_cannot_read_leaves_the_secrets_pass_alone() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    assert world.usage is not None
    world.usage.mishaps.always("sightings", Mishap.DENIED)
    await world.scan()
    assert len(world.rotations()) == 1
    assert world.alarms() == ["scan-incomplete"]


async def test_no_secret_text_leaves_memory_vault_and_destination(caplog: pytest.LogCaptureFixture) -> None:
    """The value has one home: not in a table, message, snapshot, mail or log of a whole rotation."""
    caplog.set_level(logging.DEBUG)
    world = World()
    application = world.add_application(ends_in=58 * DAY)
    await world.enrol(application)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    world.integrations.kinds["automatic"].mishaps.plan("deliver", Mishap.LOST_AFTER, Mishap.DENIED)
    await world.nights(40)
    assert world.directory.minted
    seen = [repr(world.tables.all_rows(table)) for table in world.tables.names()]
    seen += [repr(world.tables.commits), repr(world.queues.sent), repr(world.snapshots.files), repr(world.channel.sent)]
    seen += [repr(record.__dict__) for record in caplog.records]
    everything = "\n".join(seen)
    canaries = world.texts()
    assert len(canaries) >= 2
    for text in canaries:
        assert text not in everything
        assert text.split("~", 1)[1] not in everything


async def test_a_scan_does_not_write_back_what_it_read_before_a_rotation_moved() -> None:
    """note_due writes onto the entry as it is now."""
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=1))
    entry = await world.services().lines.get((await world.line(application)).id)
    assert entry is not None
    assert entry.phase == "overlapping"
    assert entry.due_in == ""
    assert replace(entry, due_in="x").current == (await world.line(application)).current


async def test_a_dry_run_is_no_complete_scan_and_the_latest_to_finish_counts() -> None:
    """Health and alarms ask for a scan that wrote what it found."""
    world = World()
    services = world.calm()
    dry = await begin_scan(services, by="test", dry_run=True)
    await run_scan(services, dry)
    assert await last_complete(services) is None
    first, second = [await begin_scan(services, by="test") for _time in range(2)]
    await run_scan(services, second)
    world.clock.advance(timedelta(minutes=1))
    await run_scan(services, first)
    last = await last_complete(services)
    assert last is not None
    assert last.id == first


async def test_a_scan_that_meets_another_comes_back_when_that_ones_lease_has_ended() -> None:
    """It waits for a lease, not for a quarter of an hour of silence."""
    world = World()
    services = world.calm()
    scan = await begin_scan(services, by="test")
    place = Place(table=keys.LEASES, partition="scan", key="secrets")
    claim = Claim(owner="another", token="token", length=timedelta(minutes=2))
    await Fence.take(world.tables, place, claim=claim, now=world.clock.now())
    with pytest.raises(LeaseHeld):
        await run_scan(services, scan)
    again = [nudge.visible_at for nudge in world.queues.sent if nudge.queue == keys.QUEUE_SCANS][-1]
    assert timedelta(minutes=2) < again - world.clock.now() < timedelta(minutes=3)
