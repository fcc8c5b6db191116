"""The ledger is lost in the middle of a rotation; what rebuilds it, and who enrols the line again, is killed anywhere."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld, Refused
from rotation.ledger import keys
from rotation.workflows.enrolling import enrol
from rotation.workflows.previewing import Wish
from rotation.workflows.rebuilding.rebuild import rebuild
from rotation.workflows.rebuilding.survey import survey
from rotation.workflows.services import Services
from tests.crash.driving import stride
from tests.crash.table import row
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.world import VAULT, World, configure, destination

HOUR = timedelta(hours=1)
SECONDS = (1, 125, 3600)
"""How long after its opening the ledger is lost: nothing published yet, published, both secrets valid for good."""


async def lost(after: int) -> World:
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(seconds=after))
    world.lose_storage()
    return world


async def rebuilding(services: Services) -> None:
    await rebuild(services, await survey(services), by="ada")


async def enrolling(services: Services) -> None:
    (application,) = [each async for page in services.directory.applications() for each in page.applications]
    with suppress(Refused):  # it was said already
        await enrol(services, Wish(application=application.object_id, by="ada"))


async def killed(world: World, act: Callable[[Services], Awaitable[None]], *points: int) -> int:
    """Let somebody do it until nothing kills it; whoever saw their terminal die does it again, minutes later."""
    plan = CrashPlan(*points)
    for _try in range(2 + len(points)):
        try:
            await act(world.services(plan))
        except (Crash, LeaseHeld):
            await world.run(timedelta(minutes=5))
        else:
            break
    return plan.points


def untouched(world: World) -> tuple[object, ...]:
    """Give all that only an enrolled line may change."""
    memory = world.vaults.memory(VAULT)
    truth = [record.now for record in world.directory._records.values()]
    return truth, [memory.kept(name) for name in memory.names()], world.stored("store")


def rebuilt_rows(world: World) -> list[object]:
    return [row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.key.startswith("a|rebuilt|")]


@row("a rebuild")
@pytest.mark.parametrize("after", SECONDS)
async def test_row_a_rebuild_that_dies_anywhere_ends_the_same_when_it_is_run_again(after: int) -> None:
    calm = await lost(after)
    points = await killed(calm, rebuilding)
    assert points > 20
    assert len(rebuilt_rows(calm)) == 1
    for point in range(after % stride(5), points, stride(5)):
        world = await lost(after)
        before = untouched(world)
        await killed(world, rebuilding, point, point + 1 + point % 7)
        assert rebuilt_rows(world) == rebuilt_rows(calm), point
        await world.run(HOUR)
        assert untouched(world) == before, point
        assert world.rotations() == [], point
        assert await world.wakes() == [], point


@row("an enrolment that takes over a secret in place")
@pytest.mark.parametrize("after", SECONDS)
async def test_row_an_enrolment_that_takes_over_and_dies_anywhere_is_said_again_and_mints_nothing(after: int) -> None:
    calm = await ready(after)
    points = await killed(calm, enrolling)
    await calm.run(HOUR)
    assert points > 20
    for point in range(after % stride(7), points, stride(7)):
        world = await ready(after)
        minted = len(world.directory.minted)
        await killed(world, enrolling, point)
        await world.run(HOUR)
        assert world.phases() == calm.phases() == (["overlapping"] if after > 1 else []), point
        assert len(world.directory.minted) == minted, point
        assert world.directory.removed == [], point
        assert rebuilt_rows(world) == [], point
        assert not world.directory.conflicts


async def ready(after: int) -> World:
    world = await lost(after)
    await killed(world, rebuilding)
    await world.run(timedelta(minutes=3))
    return world
