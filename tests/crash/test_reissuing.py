"""A vault was lost, or leaked; whoever says so is killed anywhere and says it again: each line is rotated once."""

from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld
from rotation.ledger import keys
from rotation.workflows.reissuing import Wish, reissue
from tests.crash.driving import stride
from tests.crash.table import row
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.world import World, configure, destination

HOUR = timedelta(hours=1)
ELSEWHERE = "https://elsewhere.example"


async def ready() -> World:
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(hours=3))
    world.change_policy(vault=ELSEWHERE)
    return world


async def said(world: World, *points: int, compromised: bool) -> int:
    plan = CrashPlan(*points)
    wish = Wish(vault="vault", by="ada", why="it burnt", compromised=compromised)
    for _try in range(1 + len(points)):
        with suppress(Crash, LeaseHeld):
            await reissue(world.services(plan), wish)
        await world.run(timedelta(minutes=3))
    return plan.points


@row("a reissue")
@pytest.mark.parametrize("compromised", [False, True])
async def test_row_a_reissue_that_dies_anywhere_is_said_again_and_no_line_is_rotated_twice(compromised: bool) -> None:
    points = await said(await ready(), compromised=compromised)
    assert points > 20
    for point in range(int(compromised), points, stride(7)):
        world = await ready()
        before = world.rotations()[0].adopted[0]
        await said(world, point, compromised=compromised)
        await world.scan()
        await world.run(HOUR)
        assert len(world.rotations()) == 2, point
        (record,) = [await world.record(each.id.application) for each in world.rotations()[:1]]
        (line,) = record.lines.values()
        assert line.enrolment.vault_url == ELSEWHERE, point
        assert world.stored("store") == line.current != before, point
        assert [key_id for _application, key_id in world.directory.removed] == ([before] if compromised else []), point
        claims = {row.partition for row in world.tables.all_rows(keys.VAULT_NAMES)}
        assert claims == {"elsewhere.example"}, point
        assert not world.directory.conflicts
