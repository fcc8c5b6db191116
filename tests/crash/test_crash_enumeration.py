"""Kill a whole rotation before and after every port call; every run converges, and the invariants hold."""

from datetime import timedelta

import pytest

from rotation.domain.policy import Terms
from rotation.domain.rotation import Completed
from rotation.workflows import tags
from tests.fakes.world import VAULT, World, configure, destination

NIGHT = timedelta(hours=3)
SHORT = Terms(overlap=timedelta(hours=1), quiet=timedelta(0))


async def one_rotation(world: World) -> None:
    """Rotate one line of one application until only evidence is waited for."""
    application = world.add_application()
    await world.enrol(application)
    world.crash_at(*world.points)  # type: ignore[attr-defined]
    await world.scan()
    await world.run(NIGHT)
    if not world.rotations():
        await world.run(timedelta(days=1) - NIGHT)
        await world.scan()
        await world.run(NIGHT)


def make(*points: int) -> World:
    world = World(configuration=configure(destination("store"), destination("second")))
    world.points = points  # type: ignore[attr-defined]
    return world


async def count_points() -> int:
    world = make()
    await one_rotation(world)
    assert world.phases() == ["overlapping"]
    return world.plan.points


async def check(world: World) -> None:
    """Hold a settled world against the invariants."""
    (record,) = [await world.record(row) for row in {rotation.id.application for rotation in world.rotations()}]
    application = world.directory.truth(record.application)
    (line,) = record.lines.values()
    rotations = world.rotations()
    assert len(rotations) == 1, "one open rotation a line"
    assert rotations[0].phase.phase in {"overlapping", "completed"}, rotations[0].phase
    assert line.current is not None
    assert application.holds(line.current), "the current credential is there"
    for kept in world.integrations.kinds["automatic"].stores.values():
        assert kept.key_id == line.current, "each destination has the current one"
    held = world.vaults.memory(VAULT).latest(line.enrolment.secret_name)
    assert held is not None
    assert held[0].tags[tags.KEY_ID] == line.current, "the vault's latest is the current one"
    assert not world.directory.conflicts, "one Graph write at a time"


async def test_every_single_crash_converges() -> None:
    """Once at each point."""
    points = await count_points()
    assert points > 100
    for point in range(points):
        world = make(point)
        await one_rotation(world)
        assert world.crashes, point
        await check(world)


@pytest.mark.parametrize("again", [1, 2, 5, 9, 20])
async def test_a_crash_whose_recovery_crashes_too_converges(again: int) -> None:
    """Twice: at every fifth point, another fifth for each distance, and again a few calls later."""
    points = await count_points()
    for point in range(again % 5, points, 5):
        world = make(point, point + again)
        await one_rotation(world)
        await check(world)


async def test_orphans_are_swept_by_later_nights() -> None:
    """Whatever attempts left is gone two nights later, and only that."""
    points = await count_points()
    for point in range(0, points, 7):
        world = make(point)
        await one_rotation(world)
        for _night in range(2):
            await world.run(timedelta(days=1) - timedelta(hours=3))
            await world.scan()
            await world.run(NIGHT)
        await check(world)
        (rotation,) = world.rotations()
        application = world.directory.truth(rotation.id.application)
        ours = [secret for secret in application.secrets if secret.marker]
        assert [secret.key_id for secret in ours] == [rotation.minted.key_id if rotation.minted else None], point


async def test_a_rotation_that_crashes_in_retirement_converges() -> None:
    """Through the removal too: the canary's short terms let it go in one night."""
    world = World(configuration=configure(destination("store"), terms=SHORT))
    application = world.add_application()
    await world.enrol(application)
    world.settings.now = canary_of(world)
    await world.scan()
    await world.run(timedelta(hours=5))
    assert isinstance(world.rotations()[0].phase, Completed), world.rotations()[0].phase
    points = world.plan.points
    for point in range(0, points):
        world = World(configuration=configure(destination("store"), terms=SHORT))
        application = world.add_application()
        await world.enrol(application)
        world.settings.now = canary_of(world)
        world.crash_at(point)
        await world.scan()
        await world.run(timedelta(hours=5))
        (rotation,) = world.rotations()
        assert isinstance(rotation.phase, Completed), (point, world.crashes, rotation.phase)
        assert [key for _app, key in world.directory.removed][-1:] == [application.secrets[0].key_id], point
        await check(world)


def canary_of(world: World):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from rotation.domain.policy import Canary
    from tests.fakes.world import LINE

    (object_id,) = [record for record in world.directory._records]
    return replace(world.settings.now, canary=Canary(application=object_id, line=LINE, within=timedelta(hours=4)))
