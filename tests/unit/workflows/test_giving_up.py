"""What the host gave up on: recorded where it is, told once, and sent back to work by one command."""

import json
from datetime import timedelta

import pytest

from rotation.domain.delivery import DeliveryBlocked
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import DestinationName
from rotation.domain.rotation import Blocked, Minting
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ledger.scans import Scans
from rotation.ports.notices import Message
from rotation.ports.tables import Upsert
from rotation.triggers import boundary
from rotation.workflows import giving_up, operating, rotate
from rotation.workflows.replaying import replay
from rotation.workflows.scanning import begin_scan
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, VAULT, World

DAY = timedelta(days=1)
STORE = DestinationName("store")


def message(**fields: str) -> str:
    return json.dumps({"v": 1, **fields})


async def opened(world: World) -> str:
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    return str(world.rotations()[0].id)


async def poison(world: World, queue: str, **fields: str) -> None:
    await boundary.poison(world.services, queue, message(**fields))


async def test_a_rotation_is_told_once_however_often_its_message_is_given_up() -> None:
    world = World()
    rotation = await opened(world)
    for _time in range(3):
        await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
        world.queues.waiting.clear()
        await world.run(timedelta(minutes=5))
    (found,) = world.rotations()
    assert isinstance(found.phase, Blocked)
    assert found.phase.reason == "gave-up"
    assert sum("stopped (gave-up)" in title for title in world.titles()) == 1


async def test_a_rotation_that_crashes_while_it_is_stopped_is_looked_at_daily_and_not_each_minute() -> None:
    world = World()
    rotation = await opened(world)
    await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    (wake,) = [row.values["look_at"] for row in world.tables.all_rows(keys.WAKES)]
    assert wake == world.clock.now() + world.timing.evidence_every


async def test_a_held_lease_sends_it_to_its_poison_queue_again() -> None:
    world = World()
    rotation = await opened(world)
    fence = await rotate.take_application(world.services(), world.rotations()[0].id)
    await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    (again,) = [nudge for nudge in world.queues.sent if nudge.queue == keys.poison_of(keys.QUEUE_ROTATIONS)]
    assert again.visible_at > fence.ends_at
    assert again.text == message(rotation=rotation)
    assert world.phases() == ["planned"]


async def test_storage_that_does_not_answer_lets_the_host_come_back() -> None:
    world = World()
    rotation = await opened(world)
    world.tables.mishaps.always("get", Mishap.UNAVAILABLE)
    with pytest.raises(Exception, match="not now"):
        await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)


async def test_a_row_that_nobody_can_read_is_an_alarm_and_ends_in_no_queue() -> None:
    world = World()
    rotation = await opened(world)
    object_id, _, ulid = rotation.partition(".")
    broken = Upsert(key=keys.rotation(ulid), values={"state": "{}"})
    await world.tables.commit(keys.ROTATIONS, object_id, [broken])
    for _time in range(3):
        await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    assert world.alarms() == ["poison-not-recorded"]
    (notice,) = world.tables.all_rows(keys.NOTICES)
    assert "unreadable-row" in str(notice.values)


async def test_a_delivery_is_stopped_and_told_once() -> None:
    world = World()
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    rotation = await opened(world)
    await world.run(timedelta(minutes=20))
    assert world.phases() == ["delivering"]
    for _time in range(3):
        await poison(world, keys.QUEUE_DELIVERIES, rotation=rotation, destination="store")
        await world.run(timedelta(minutes=1))
    record = await world.record(world.rotations()[0].id.application)
    phase = record.deliveries[world.rotations()[0].id.ulid, STORE].delivery.phase
    assert isinstance(phase, DeliveryBlocked)
    assert phase.reason == "gave-up"
    assert sum("a delivery stopped" in title for title in world.titles()) == 1


async def test_a_scan_is_finished_as_incomplete_and_not_begun_anew_each_quarter_of_an_hour() -> None:
    world = World()
    scan = await begin_scan(world.services(), by="test")
    world.queues.waiting.clear()
    await poison(world, keys.QUEUE_SCANS, scan=scan)
    report = await Scans(world.tables).get(scan)
    assert (report.complete, report.problem.partition(":")[0]) == (False, "gave-up")
    assert report.finished_at is not None
    assert world.alarms() == ["scan-incomplete"]
    await world.run(timedelta(hours=1))
    assert len(world.queues.texts(keys.QUEUE_SCANS)) == 1


async def test_a_notice_is_kept_and_the_other_way_of_telling_is_an_alarm() -> None:
    world = World()
    services = world.services()
    told = Message(title="hello", summary="", items=())
    notice = Notice(kind="x", audience=PEOPLE, message=told, created_at=world.clock.now())
    await services.notices.put("n", notice)
    for _time in range(3):
        await poison(world, keys.QUEUE_NOTICES, key="n")
    kept = await services.notices.get("n")
    assert kept is not None
    assert kept[0].given_up
    assert world.alarms() == ["notice-given-up"]


async def test_what_cannot_be_read_is_told_once_also_after_it_was_sent() -> None:
    world = World()
    for _time in range(6):
        await giving_up.unreadable(world.services(), keys.QUEUE_SCANS, "?", reason="not JSON")
        await world.run(timedelta(minutes=5))
    assert world.titles() == ["Rotation: a message could not be worked on"]


async def test_an_ended_rotation_whose_clean_up_crashes_is_an_alarm() -> None:
    world = World()
    rotation = await opened(world)
    await operating.abandon(world.services(), world.rotations()[0].id, by="ada", why="test")
    await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    assert world.phases() == ["abandoned"]
    assert world.alarms() == ["gave-up"]


async def test_each_ended_rotation_whose_clean_up_crashes_is_told_once_also_of_one_day() -> None:
    world = World()
    for number in (1, 2):
        application = world.add_application(number)
        await world.enrol(application)
        await world.open(application)
    for rotation in world.rotations():
        await operating.abandon(world.services(), rotation.id, by="ada", why="test")
    for _day in range(2):
        for rotation in world.rotations():
            await poison(world, keys.QUEUE_ROTATIONS, rotation=str(rotation.id))
        await world.run(DAY)
    crashed = sorted(title for title in world.titles() if "still owes crashed" in title)
    assert all(each.id.ulid in title for each, title in zip(world.rotations(), crashed, strict=True))
    assert world.alarms() == ["gave-up", "gave-up"]


async def test_what_is_no_more_is_nothing() -> None:
    world = World()
    application = world.add_application()
    await poison(world, keys.QUEUE_ROTATIONS, rotation=f"{application.object_id}.{world.ulids.make()}")
    await poison(world, keys.QUEUE_SCANS, scan=world.ulids.make())
    assert await world.wakes() == []
    with pytest.raises(NotFound):
        await giving_up.gave_up(world.services(), keys.QUEUE_SCANS, message(scan=world.ulids.make()))


async def test_replay_sends_everything_that_gave_up_back_to_work_and_counts_what_nobody_can_read() -> None:
    world = World()
    rotation = await opened(world)
    await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    scan = await begin_scan(world.services(), by="timer")
    await poison(world, keys.QUEUE_SCANS, scan=scan)
    notice = Notice(
        kind="x", audience=PEOPLE, message=Message(title="late", summary="", items=()), created_at=world.clock.now()
    )
    await world.services().notices.put("n", notice)
    await poison(world, keys.QUEUE_NOTICES, key="n")
    await giving_up.unreadable(world.services(), keys.QUEUE_SCANS, "?", reason="not JSON")
    world.queues.waiting.clear()
    seen: list[str] = []
    done = await replay(world.services(), by="ada", where="terminal", progress=seen.append)
    assert (done.rotations, len(done.scans), done.notices, done.unreadable) == ([rotation], 1, ["n"], 1)
    assert len(seen) == 3
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]
    assert "late" in world.titles()
    assert (await Scans(world.tables).get(done.scans[0])).complete
    again = await replay(world.services(), by="ada")
    assert (again.rotations, again.scans, again.notices) == ([], [], [])


async def test_replay_says_what_somebody_works_on_now() -> None:
    world = World()
    rotation = await opened(world)
    await poison(world, keys.QUEUE_ROTATIONS, rotation=rotation)
    await rotate.take_application(world.services(), world.rotations()[0].id)
    done = await replay(world.services(), by="ada")
    assert (done.rotations, done.later) == ([], [rotation])


async def test_a_delivery_that_gave_up_is_replayed() -> None:
    world = World()
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    rotation = await opened(world)
    await world.run(timedelta(minutes=20))
    await poison(world, keys.QUEUE_DELIVERIES, rotation=rotation, destination="store")
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.run(timedelta(minutes=5))
    assert (await replay(world.services(), by="ada")).rotations == [rotation]
    await world.run(timedelta(minutes=20))
    assert world.phases() == ["overlapping"]


async def test_twenty_failed_mints_are_granted_twenty_more_by_a_person_and_one_by_the_night() -> None:
    """Attempts are counted on: no number is given twice."""
    world = World()
    rotation = await opened(world)
    world.directory.mishaps.always("mint", Mishap.LOST_BEFORE)
    await world.run(DAY)
    assert attempts(world) == list(range(1, 21))
    assert getattr(world.rotations()[0].phase, "reason", "") == "gave-up"
    await operating.retry(world.services(), world.rotations()[0].id, by="night", person=False)
    await world.run(DAY)
    assert attempts(world) == list(range(1, 22))
    await operating.retry(world.services(), world.rotations()[0].id, by="ada")
    world.directory.mishaps.always("mint", None)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]
    assert attempts(world) == list(range(1, 23))
    assert str(world.rotations()[0].id) == rotation


def attempts(world: World) -> list[int]:
    rows = [row for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == "minting.attempt"]
    return [int(str(row.values["attempt"])) for row in sorted(rows, key=lambda row: row.key)]


async def test_a_retry_grants_attempts_beyond_those_that_were_made() -> None:
    world = World()
    await opened(world)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.run(timedelta(hours=4))
    await operating.retry(world.services(), world.rotations()[0].id, by="ada")
    phase = world.rotations()[0].phase
    assert isinstance(phase, Minting)
    assert phase.allowed == phase.attempt + 20
