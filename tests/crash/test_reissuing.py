"""A vault was lost, or leaked; whoever says so is killed anywhere and says it again: each line is rotated once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld
from rotation.domain.line import Line
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


async def dead_in(phase: str, *, after: str = "") -> World:
    """Kill the first rotation of a line when it stands in a phase, there right after a call that follows the mint."""
    world = World(configuration=configure(destination("store"), destination("second")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    heard: list[str] = []

    def kill(call: str, _arguments: Sequence[object]) -> None:
        minted = "MemoryDirectory.mint" in heard and heard[-1] == after
        if world.phases() == [phase] and (minted or not after):
            raise Crash(phase)
        heard.append(call)

    def stop() -> None:
        if world.crashes:
            raise Stop

    world.watch, world.after_each = kill, stop
    with pytest.raises(Stop):
        await world.run(HOUR)
    world.watch, world.after_each = unwatched, lambda: None
    world.clock.advance(timedelta(seconds=1))
    return world


async def settled(world: World, *, compromised: bool) -> Line:
    """Say it, as often as its exit code asks; two nights; and give the line."""
    for _time in range(2):  # whoever was killed holds the lease for two minutes more
        await said(world, compromised=compromised)
    for _night in range(2):
        await world.scan()
        await world.run(timedelta(days=1))
    (line,) = (await world.record(world.rotations()[0].id.application)).lines.values()
    return line


PHASES = ["planned", "minting", "staged", "proven", "published", "delivering", "overlapping"]


@pytest.mark.parametrize("compromised", [False, True])
@pytest.mark.parametrize("phase", PHASES)
async def test_a_rotation_that_was_under_way_is_carried_on_or_followed_in_the_new_vault(
    phase: str, compromised: bool
) -> None:
    world = await dead_in(phase)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    world.change_policy(vault=ELSEWHERE)
    line = await settled(world, compromised=compromised)
    latest = world.vaults.memory(ELSEWHERE).latest(line.enrolment.secret_name)
    assert latest is not None
    assert latest[0].tags[tags.KEY_ID] == line.current == world.stored("store") == world.stored("second")
    assert world.sign_in.works(line.client_id, latest[1])
    assert {*world.phases()} <= {"overlapping", "completed", "closed", "abandoned"}
    assert {each.key_id for each in world.directory.truth(line.id.application).secrets} == {
        key.key_id for key in line.keys
    }, "nothing is left that the line does not know"
    assert not world.directory.conflicts


@pytest.mark.parametrize(("phase", "after"), [*((phase, "") for phase in PHASES), ("minting", "MemoryVault.write")])
async def test_no_text_that_lay_in_a_leaked_vault_becomes_the_next_one(phase: str, after: str) -> None:
    """Nor one that was staged there by whoever died before the ledger knew; the vault itself is kept."""
    world = await dead_in(phase, after=after)
    (application,) = {each.id.application for each in world.rotations()}
    leaked = {each.key_id for each in world.directory.truth(application).secrets if world.vault_holds(each.key_id)}
    assert bool(leaked) == (PHASES.index(phase) > 1 or bool(after))
    line = await settled(world, compromised=True)
    assert line.current is not None
    assert line.current not in leaked
    assert world.stored("store") == world.stored("second") == line.current
    held = {each.key_id for each in world.directory.truth(application).secrets}
    assert not leaked & held, "whoever read the vault cannot sign in"
    assert held == {key.key_id for key in line.keys}
    assert not world.directory.conflicts
