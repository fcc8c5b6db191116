"""An operator retires a predecessor at once, and everything dies, at every point, once and twice."""

from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import Refused
from rotation.domain.rotation import Completed
from rotation.workflows import retire_now
from rotation.workflows.services import Services
from tests.crash.driving import EVERYTHING, spread
from tests.fakes.world import World

HOURS = timedelta(hours=4)
DISTANCES = range(1, 40) if EVERYTHING else (1, 3, 8)


async def ready(*, ended: bool) -> World:
    """Let an old secret wait: for evidence, or, where nobody can tell of its use, for its own end."""
    world = World()
    if ended:
        world.usage = None
        world._current = world.services()
    application = world.add_application(ends_in=timedelta(days=50))
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(days=9) if ended else timedelta(hours=1))
    assert world.phases() == ["completed" if ended else "overlapping"]
    return world


async def ordered(*points: int, ended: bool) -> World:
    """Say that it goes at once, with crashes; who saw their terminal die says it again, a little later."""
    world = await ready(ended=ended)
    world.crash_at(*points)
    for _time in range(1 + len(points)):
        died = len(world.crashes)
        with suppress(Refused):  # it is gone already
            await say(world)
        if len(world.crashes) == died:
            break
        await world.run(timedelta(minutes=3))
    await world.run(HOURS)
    return world


async def say(world: World) -> None:
    """Give the word."""
    rotation = world.rotations()[0].id

    async def order(services: Services) -> None:
        await retire_now.retire(services, rotation, (), by="ada", why="moved by hand")

    await world.invoke(order)


async def check(world: World, *where: int) -> None:
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Completed), (where, world.crashes, rotation.phase)
    application = world.directory.truth(rotation.id.application)
    assert [secret.key_id for secret in application.secrets] == list(rotation.adopted), (where, world.crashes)
    record = await world.record(rotation.id.application)
    (line,) = record.lines.values()
    assert [key.key_id for key in line.keys] == list(rotation.adopted), (where, world.crashes)
    assert world.events().count("retired") == 1, (where, world.crashes)
    assert not world.directory.conflicts


@pytest.mark.parametrize("ended", [False, True])
async def test_every_single_crash_converges_and_only_that_secret_goes(ended: bool) -> None:
    points = (await ordered(ended=ended)).plan.points
    assert points > 30
    for point in spread(points, 15):
        world = await ordered(point, ended=ended)
        assert world.crashes, point
        await check(world, point)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("ended", [False, True])
async def test_a_crash_whose_recovery_crashes_too_converges(ended: bool, distance: int) -> None:
    points = (await ordered(ended=ended)).plan.points
    for point in spread(points, 4):
        await check(await ordered(point, point + distance, ended=ended), point)


@pytest.mark.parametrize("ended", [False, True])
async def test_intent_first_the_word_is_in_the_ledger_before_the_secret_goes(ended: bool) -> None:
    """Whatever died: no removal without the word that asked for it."""
    points = (await ordered(ended=ended)).plan.points
    for point in spread(points, 10):
        world = await ready(ended=ended)
        world.crash_at(point)
        await say(world)
        await world.run(HOURS)
        told = "retire.ordered" in world.events()
        assert bool(world.directory.removed) == told, (point, world.crashes)
