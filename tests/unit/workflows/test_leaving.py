"""Leaving: every line is released once, whenever it dies, and every end date is told."""

from datetime import timedelta

from rotation.domain.identifiers import RotationId
from rotation.ledger import keys
from rotation.workflows.leaving import release_all
from rotation.workflows.rotate import take_application
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.world import World


async def enrolled(count: int = 2) -> World:
    world = World()
    for number in range(1, count + 1):
        await world.enrol(world.add_application(number, ends_in=timedelta(days=100 - number)))
    return world


async def test_every_line_is_released_and_every_end_date_told_earliest_first() -> None:
    world = await enrolled()
    left = await release_all(world.calm(), by="ada", where="terminal")
    assert len(left.released) == 2
    assert [each.name for each in left.watch] == ["Application 2", "Application 1"]
    assert all(each.current for each in left.watch)
    assert [line async for line in world.calm().lines.all()] == []
    assert world.tables.all_rows(keys.VAULT_NAMES) == []
    assert world.directory.removed == []
    assert (await release_all(world.calm(), by="ada")).released == ()


async def test_what_somebody_works_on_is_told_and_released_by_the_next_run() -> None:
    world = await enrolled()
    first = next(iter([line async for line in world.calm().lines.all()]))
    services = world.calm()
    fence = await take_application(services, RotationId(first.id.application, services.ulids.make()))
    left = await release_all(world.calm(), by="ada")
    assert (len(left.released), len(left.later)) == (1, 1)
    await fence.release(world.clock.now())
    assert len((await release_all(world.calm(), by="ada")).released) == 1


async def test_whenever_it_dies_the_next_run_releases_the_rest() -> None:
    counting = CrashPlan()
    await release_all((world := await enrolled()).services(counting), by="ada")
    for point in range(counting.points):
        world = await enrolled()
        try:
            await release_all(world.services(CrashPlan(point)), by="ada")
        except Crash:
            world.clock.advance(timedelta(minutes=5))
        await release_all(world.calm(), by="ada")
        assert [line async for line in world.calm().lines.all()] == [], point
        assert [row for row in world.tables.all_rows(keys.ROTATIONS) if row.key.startswith("a|line|")] == [], point
        assert world.directory.removed == [], point
