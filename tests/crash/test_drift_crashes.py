"""Kill the night that heals a destination, and an operator's way back, at each point: each acts once, and converges."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import RotationError
from rotation.domain.identifiers import KeyId, LineId
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.workflows.going_back import Wish, go_back
from rotation.workflows.operating import retry
from rotation.workflows.reminding import digest
from tests.crash.driving import spread
from tests.crash.table import row
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.integrations import Kept
from tests.fakes.world import LINE, World, configure, destination

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STORE = destination("store")


async def settled(*, rotations: int = 1) -> tuple[World, Application]:
    """Rotate one line so often; nothing is left to do but to look."""
    world = World(configuration=configure(STORE))
    application = world.add_application(ends_in=300 * DAY)
    await world.enrol(application)
    for _time in range(rotations):
        await world.open(application, succeed=True)
        await world.run(2 * HOUR)
    world.crash_at()
    return world, application


def older(world: World, application: Application) -> None:
    shelf = (STORE.name, f"{application.object_id}|{LINE}")
    kept = Kept(KeyId("older"), SecretText("an older text"), ulid="0" * 26)
    world.integrations.kinds["automatic"].shelves[shelf] = kept


async def healed(*points: int) -> tuple[World, Application]:
    world, application = await settled()
    older(world, application)
    world.crash_at(*points)
    await world.scan()
    await world.run(3 * HOUR)
    await world.run(DAY - 3 * HOUR)
    await world.scan()
    await world.run(3 * HOUR)
    return world, application


async def check_healed(world: World, application: Application, where: object) -> None:
    line = await world.line(application)
    assert line.blocked is None, where
    assert world.stored("store") == line.current, where
    record = await world.record(application.object_id)
    (stored,) = record.deliveries.values()
    assert stored.delivery.phase.phase == "verified", where
    assert not [row for row in world.tables.all_rows(keys.WAKES) if row.key.endswith("|store")], where
    await world.invoke(digest)
    await world.run(HOUR)
    texts = [item.text for _audience, message in world.channel.sent for item in message.items]
    told = sum("It is delivered again, once" in text for text in texts)
    assert 1 <= told <= 1 + len(world.crashes), "at least once, twice only after a crash in between"
    assert world.events().count("delivery.pending") == 1, where
    assert [kept.times for kept in world.integrations.kinds["automatic"].stores.values()] == [1], where
    assert world.directory.removed == [], where


@row("a destination was found drifted, its delivery not yet taken up again")
async def test_a_night_that_heals_converges_wherever_it_dies() -> None:
    points = (await healed())[0].plan.points
    assert points > 100
    for point in spread(points, 30):
        world, application = await healed(point)
        await check_healed(world, application, (point, world.crashes))


@pytest.mark.parametrize("distance", [1, 3, 8, 21])
async def test_a_night_that_dies_twice_converges_too(distance: int) -> None:
    points = (await healed())[0].plan.points
    for point in spread(points, 7):
        world, application = await healed(point, point + distance)
        await check_healed(world, application, (point, world.crashes))


@row("a delivery was found contested, its line not yet stopped")
async def test_a_line_found_contested_is_blocked_wherever_that_dies() -> None:
    async def contested(*points: int) -> tuple[World, Application]:
        world, application = await settled()
        older(world, application)
        await world.nights(1)
        older(world, application)
        world.crash_at(*points)
        await world.nights(2)
        return world, application

    points = (await contested())[0].plan.points
    for point in spread(points, 12):
        world, application = await contested(point)
        line = await world.line(application)
        assert line.blocked is not None, (point, world.crashes)
        assert line.blocked.reason == "contested"
        record = await world.record(application.object_id)
        assert [stored.delivery.phase.phase for stored in record.deliveries.values()] == ["blocked"]
        assert world.stored("store") == "older"
        told = [title for title in world.titles() if "has drifted" in title]
        assert 2 <= len(told) <= 3, (point, world.crashes, told)
        assert world.events().count("line.blocked") == 1, (point, world.crashes)


async def gone_back(*points: int) -> tuple[World, Application]:
    """Go back, as often as it takes somebody whose terminal dies."""
    world, application = await settled(rotations=2)
    first = world.rotations()[0].publication
    assert first is not None
    wish = Wish(line=LineId(application.object_id, LINE), version=first.version)
    world.plan = CrashPlan(*points)
    await until_done(world, lambda: go_back(world.services(), wish, by="anna", why="the new one breaks it"))
    world._current = world.services()
    await world.run(2 * HOUR)
    await world.nights(1)
    return world, application


async def until_done(world: World, act: Callable[[], Awaitable[object]]) -> None:
    for _try in range(6):
        try:
            await act()
        except (Crash, RotationError) as error:
            world.crashes.append(str(error))
            world.clock.advance(timedelta(minutes=3))
        else:
            return
    raise AssertionError(world.crashes)


async def test_going_back_converges_wherever_it_dies_and_no_night_undoes_it() -> None:
    points = (await gone_back())[0].plan.points
    for point in spread(points, 20):
        world, application = await gone_back(point)
        first, second = world.rotations()
        where = (point, world.crashes)
        assert first.minted is not None, where
        assert world.stored("store") == first.minted.key_id, where
        record = await world.record(application.object_id)
        phases = {ulid: stored.delivery.phase.phase for (ulid, _name), stored in record.deliveries.items()}
        assert phases == {first.id.ulid: "verified", second.id.ulid: "blocked"}, where
        assert world.directory.removed == [], where


async def test_going_forward_again_converges_wherever_it_dies() -> None:
    async def forward(*points: int) -> tuple[World, Application]:
        world, application = await gone_back()
        world.plan = CrashPlan(*points)
        latest = world.rotations()[-1].id

        async def again() -> None:
            record = await world.record(application.object_id)
            if record.deliveries[latest.ulid, STORE.name].delivery.phase.phase == "blocked":
                await retry(world.services(), latest, by="anna")

        await until_done(world, again)
        world._current = world.services()
        await world.run(2 * HOUR)
        return world, application

    points = (await forward())[0].plan.points
    for point in spread(points, 12):
        world, application = await forward(point)
        line = await world.line(application)
        assert world.stored("store") == line.current, (point, world.crashes)
        record = await world.record(application.object_id)
        assert record.holdings[LINE, STORE.name].pinned is None
