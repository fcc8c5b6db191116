"""A vault was lost, or leaked; whoever says so is killed anywhere and says it again: each line is rotated once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld
from rotation.ledger import keys
from rotation.workflows import tags
from rotation.workflows.reissuing import Wish, reissue
from tests.crash.driving import stride
from tests.crash.table import row
from tests.fakes.crashing import Crash, CrashPlan, unwatched
from tests.fakes.world import VAULT, World, configure, destination

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


class Stop(Exception):
    """The rotation is where the vault is lost."""


async def lost_while(phase: str) -> World:
    """Lose the vault while a rotation stands in a phase: nothing of it can be read or written any more."""
    world = World(configuration=configure(destination("store"), destination("second")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)

    def kill(_call: str, _arguments: Sequence[object]) -> None:
        if world.phases() == [phase]:
            raise Crash(phase)

    def stop() -> None:
        if world.crashes:
            raise Stop

    world.watch, world.after_each = kill, stop
    with pytest.raises(Stop):
        await world.run(HOUR)
    world.watch, world.after_each = unwatched, lambda: None
    world.vaults.memory(VAULT).refusing = "vault-refused"
    world.change_policy(vault=ELSEWHERE)
    return world


@pytest.mark.parametrize("compromised", [False, True])
@pytest.mark.parametrize("phase", ["planned", "minting", "staged", "proven", "published", "delivering", "overlapping"])
async def test_a_rotation_that_was_under_way_is_carried_on_or_followed_in_the_new_vault(
    phase: str, compromised: bool
) -> None:
    world = await lost_while(phase)
    for _time in range(2):  # whoever was killed holds the lease for two minutes more
        await said(world, compromised=compromised)
    for _night in range(2):
        await world.scan()
        await world.run(timedelta(days=1))
    (line,) = (await world.record(world.rotations()[0].id.application)).lines.values()
    latest = world.vaults.memory(ELSEWHERE).latest(line.enrolment.secret_name)
    assert latest is not None
    assert latest[0].tags[tags.KEY_ID] == line.current == world.stored("store") == world.stored("second")
    assert world.sign_in.works(line.client_id, latest[1])
    assert {*world.phases()} <= {"overlapping", "completed", "closed", "abandoned"}
    assert {each.key_id for each in world.directory.truth(line.id.application).secrets} == {
        key.key_id for key in line.keys
    }, "nothing is left that the line does not know"
    assert not world.directory.conflicts
