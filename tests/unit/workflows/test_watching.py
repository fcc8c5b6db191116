"""What tells of itself to nobody: a night that was missed, a rotation that stands still. Each is told once a day."""

from dataclasses import replace
from datetime import time, timedelta

from rotation.domain.policy import Mode
from rotation.domain.schedule import Schedule
from rotation.domain.window import Window
from rotation.workflows import watching
from rotation.workflows.operating import pause
from rotation.workflows.recovering import recover
from rotation.workflows.services import Services
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination

DAY = timedelta(days=1)


def nightly(world: World, schedule: str) -> Services:
    return replace(world.services(), nights=Schedule.parse(schedule))


async def hours(world: World, services: Services, count: int) -> None:
    """Let the minute's timer run each hour, and nothing else."""
    for _hour in range(count):
        world.clock.advance(timedelta(hours=1))
        await recover(services)


async def test_a_night_without_a_complete_scan_is_told_once_a_day() -> None:
    world = World()
    services = nightly(world, "0 0 2 * * *")
    await world.scan()
    await hours(world, services, 25)
    assert "no-complete-scan" not in world.alarms()
    await hours(world, services, 30)
    assert world.alarms().count("no-complete-scan") == 2, "one for each day"


async def test_a_new_installation_is_not_told_of_nights_before_it() -> None:
    world = World()
    services = nightly(world, "0 0 1 * * *")
    await hours(world, services, 20)
    assert world.alarms() == []
    await hours(world, services, 8)
    assert world.alarms() == ["no-complete-scan"]


async def test_what_the_schedule_does_not_say_is_not_missed() -> None:
    """The clock of these tests begins on a Monday; this schedule asks on Mondays only."""
    world = World()
    services = nightly(world, "0 0 2 * * Mon")
    await recover(services)
    await world.scan()
    await hours(world, services, 6 * 24)
    assert world.alarms() == []
    await hours(world, services, 2 * 24)
    assert world.alarms()[:1] == ["no-complete-scan"]


async def test_an_incomplete_scan_is_told_at_once_and_does_not_count_as_a_night() -> None:
    world = World()
    services = nightly(world, "0 0 2 * * *")
    await recover(services)
    world.directory.unreadable_pages = {0}
    await world.scan()
    assert world.alarms() == ["scan-incomplete"]
    world.clock.advance(timedelta(hours=30))
    assert await watching.missed_night(services)


async def stuck(world: World) -> None:
    """Let a rotation wait for an answer that never comes: look again, and again."""
    application = world.add_application()
    await world.enrol(application)
    world.directory.mishaps.always("mint", Mishap.LOST_BEFORE)
    await world.open(application)
    await world.run(timedelta(minutes=1))
    assert world.phases() == ["minting"]
    world.queues.waiting.clear()


async def test_a_rotation_that_stands_still_beyond_its_deadline_is_told_once_a_day() -> None:
    world = World()
    await stuck(world)
    services = world.services()
    await hours(world, services, 20)
    assert "rotation-stuck" not in world.alarms()
    world.queues.loses = True
    await hours(world, services, 30)
    assert world.alarms().count("rotation-stuck") == 2
    (line,) = await watching.standing_still(services)
    assert line.phase == "minting"


async def test_what_a_brake_holds_does_not_stand_still() -> None:
    world = World()
    await stuck(world)
    world.clock.advance(2 * DAY)
    services = world.services()
    assert len(await watching.standing_still(services)) == 1
    world.change_policy(window=Window(opens=time(23), closes=time(23, 30)))
    assert await watching.standing_still(services) == []
    world.change_policy(window=Window(), mode=Mode.MONITOR)
    assert await watching.standing_still(services) == []
    world.change_policy(mode=Mode.ROTATE)
    await pause(services, by="ada", reason="audit")
    assert await watching.standing_still(services) == []


async def test_what_waits_for_a_person_or_is_stopped_does_not_stand_still() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(3 * DAY)
    assert world.phases() == ["delivering"]
    assert await watching.standing_still(world.services()) == []
    other = World()
    await other.enrol(other.add_application())
    other.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.DENIED)
    await other.scan()
    await other.run(3 * DAY)
    assert other.phases() == ["delivering"]
    assert await watching.standing_still(other.services()) == []
