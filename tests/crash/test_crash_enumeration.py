"""Kill a whole rotation before and after every port call; every run converges, and the invariants hold."""

from datetime import timedelta

import pytest

from rotation.domain.rotation import Completed
from tests.crash.driving import DISTANCES, EVERYTHING, NIGHT, check, spread, stride, until_completed, until_overlapping
from tests.crash.scenarios import SCENARIOS

NAPS = (timedelta(minutes=3), timedelta(hours=8))
SAMPLE = 6
"""Points of each scenario that `make test` tries."""


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_a_rotation_killed_once_anywhere_converges_and_breaches_nothing(name: str) -> None:
    """Each destination mode, a successor while one is open, a compromise; the witness watches every call."""
    scenario = SCENARIOS[name]
    for point in spread(await scenario.points(), SAMPLE):
        try:
            world = await scenario.run(point)
        except Exception as error:
            error.add_note(f"{name} killed at {point}")
            raise
        assert len(world.crashes) == 1, point


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_a_rotation_killed_twice_anywhere_converges_and_breaches_nothing(name: str) -> None:
    """Each point once, with a second one in its recovery; the distance between them changes from point to point."""
    scenario = SCENARIOS[name]
    for place, point in enumerate(spread(await scenario.points(), SAMPLE // 2)):
        second = point + DISTANCES[place % len(DISTANCES)]
        try:
            await scenario.run(point, second)
        except Exception as error:
            error.add_note(f"{name} killed at {point} and {second}")
            raise


async def test_every_single_crash_converges() -> None:
    """Once at each point."""
    points = (await until_overlapping()).plan.points
    assert points > 100
    for point in range(0, points, stride(9)):
        world = await until_overlapping(point)
        assert world.crashes, point
        await check(world)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_a_worker_that_wakes_up_late_anywhere_does_no_harm(name: str) -> None:
    """Others take over when its lease has ended; then it goes on with what it knew."""
    scenario = SCENARIOS[name]
    for place, point in enumerate(spread(await scenario.points(), SAMPLE // 2)):
        nap = NAPS[place % len(NAPS)]
        try:
            await scenario.run_late(point, nap)
        except Exception as error:
            error.add_note(f"{name} asleep at {point} for {nap}")
            raise


@pytest.mark.parametrize("distance", DISTANCES if EVERYTHING else (1, 5, 13))
async def test_a_crash_whose_recovery_crashes_too_converges(distance: int) -> None:
    """Twice: at a point, and again a few calls later."""
    points = (await until_overlapping()).plan.points
    step = stride(41)
    for point in range(distance % step, points, step):
        await check(await until_overlapping(point, point + distance))


async def test_orphans_are_swept_by_later_nights() -> None:
    """Whatever attempts left is gone two nights later, and only that."""
    points = (await until_overlapping()).plan.points
    for point in range(0, points, stride(67)):
        world = await until_overlapping(point)
        for _night in range(2):
            await world.run(timedelta(days=1) - NIGHT)
            await world.scan()
            await world.run(NIGHT)
        await check(world)
        (rotation,) = world.rotations()
        application = world.directory.truth(rotation.id.application)
        ours = [secret for secret in application.secrets if secret.marker]
        assert [secret.key_id for secret in ours] == [rotation.minted.key_id if rotation.minted else None], point


async def test_a_crash_anywhere_in_a_rotation_with_its_removal_converges() -> None:
    """The old credential goes once, on evidence, whatever dies where; nothing else goes with it."""
    points = (await until_completed()).plan.points
    for point in range(0, points, stride(47)):
        world = await until_completed(point)
        (rotation,) = world.rotations()
        assert isinstance(rotation.phase, Completed), (point, world.crashes, rotation.phase)
        await check(world)
        application = world.directory.truth(rotation.id.application)
        assert [secret.key_id for secret in application.secrets] == list(rotation.adopted), (point, world.crashes)
