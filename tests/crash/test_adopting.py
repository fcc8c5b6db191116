"""Whoever adopts what was made by hand is killed anywhere, says it again, and it is as said once; nothing is removed."""

from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld
from rotation.domain.identifiers import LineId
from rotation.ports.vault import NewVersion
from rotation.workflows.adopting.adopt import Wish, adopt
from tests.crash.driving import stride
from tests.crash.table import row
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.world import LINE, World, configure, destination

HOUR = timedelta(hours=1)


async def ready(*, rotating: bool) -> World:
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    line = await world.enrol(application)
    if rotating:
        await world.open(application)
        await world.run(HOUR)
    end_at = world.clock.now() + timedelta(days=300)
    made = world.directory.add_secret(application.object_id, end_at=end_at, display_name="by hand")
    world.clock.advance(timedelta(minutes=1))
    new = NewVersion(text=made.text, tags={})
    await world.vaults.at(line.enrolment.vault_url).write(line.enrolment.secret_name, new)
    return world


async def said(world: World, *points: int) -> int:
    plan = CrashPlan(*points)
    (record,) = world.directory._records.values()
    made = record.now.secrets[-1]
    wish = Wish(line=LineId(record.now.object_id, LINE), by="ada", key_id=made.key_id)
    for _try in range(1 + len(points)):
        with suppress(Crash, LeaseHeld):
            await adopt(world.services(plan), wish)
        await world.run(timedelta(minutes=5))
    return plan.points


@row("an adoption")
@pytest.mark.parametrize("rotating", [False, True])
async def test_row_an_adoption_that_dies_anywhere_is_said_again_and_is_as_said_once(rotating: bool) -> None:
    calm = await ready(rotating=rotating)
    points = await said(calm)
    assert points > 10
    for point in range(int(rotating), points, stride(4)):
        world = await ready(rotating=rotating)
        minted = len(world.directory.minted)
        await said(world, point)
        await world.run(HOUR)
        (record,) = world.directory._records.values()
        made = record.now.secrets[-1].key_id
        assert world.phases() == calm.phases() == [*(["closed"] if rotating else []), "overlapping"], point
        assert (world.stored("store"), world.rotations()[-1].adopted) == (made, (made,)), point
        assert (len(world.directory.minted), world.directory.removed) == (minted, []), point
        assert world.events().count("adopted") == 1, point
