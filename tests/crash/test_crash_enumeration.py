"""Kill a whole rotation before and after every port call; every run converges, and the invariants hold."""

from datetime import timedelta

import pytest

from rotation.domain.rotation import Completed
from tests.crash.driving import EVERYTHING, NIGHT, check, stride, until_completed, until_overlapping

DISTANCES = range(1, 60) if EVERYTHING else (1, 2, 5, 9, 20)


async def test_every_single_crash_converges() -> None:
    """Once at each point."""
    points = (await until_overlapping()).plan.points
    assert points > 100
    for point in range(0, points, stride(3)):
        world = await until_overlapping(point)
        assert world.crashes, point
        await check(world)


@pytest.mark.parametrize("distance", DISTANCES)
async def test_a_crash_whose_recovery_crashes_too_converges(distance: int) -> None:
    """Twice: at a point, and again a few calls later."""
    points = (await until_overlapping()).plan.points
    step = stride(17)
    for point in range(distance % step, points, step):
        await check(await until_overlapping(point, point + distance))


async def test_orphans_are_swept_by_later_nights() -> None:
    """Whatever attempts left is gone two nights later, and only that."""
    points = (await until_overlapping()).plan.points
    for point in range(0, points, stride(19)):
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
    for point in range(0, points, stride(9)):
        world = await until_completed(point)
        (rotation,) = world.rotations()
        assert isinstance(rotation.phase, Completed), (point, world.crashes, rotation.phase)
        await check(world)
        application = world.directory.truth(rotation.id.application)
        assert [secret.key_id for secret in application.secrets] == list(rotation.adopted), (point, world.crashes)
