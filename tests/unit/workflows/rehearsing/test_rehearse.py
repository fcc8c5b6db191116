"""A rehearsal plays a whole rotation, notices what is otherwise, and leaves nothing, whenever it dies."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.errors import AccessDenied, Refused
from rotation.domain.rehearsal import Stage
from rotation.ledger import keys
from rotation.ledger.control import PARTITION
from rotation.workflows import operating
from rotation.workflows.enrolling import enrol
from rotation.workflows.previewing import Wish
from rotation.workflows.rehearsing.facts import CHECKS, UNSEEN, Holds
from rotation.workflows.rehearsing.rehearse import Act, Rehearsal, rehearse
from rotation.workflows.services import Services
from tests.fakes.crashing import Crash, CrashPlan
from tests.fakes.integrations import MemoryIntegration
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World

WITHOUT = Stage("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def tenant() -> World:
    """A tenant in which nobody has rehearsed, with an application of somebody's own."""
    world = World()
    world.integrations.kinds["key-vault"] = MemoryIntegration("automatic")
    del world.tables._tables[keys.CONTROL][PARTITION, "rehearsed"]
    world.add_application()
    return world


async def play(world: World, services: Services | None = None, **more: object) -> Rehearsal:
    async def rest(span: timedelta) -> None:
        world.clock.advance(span)
        await asyncio.sleep(0)

    return await rehearse(services or world.calm(), by="ada", rest=rest, **more)  # type: ignore[arg-type]


def left(world: World) -> list[str]:
    """Whatever bears a mark of a rehearsal still."""
    applications = [record.now.display_name for record in world.directory._records.values() if not record.deleted]
    return [name for name in (*applications, *world.vaults.memory(VAULT).names()) if "ehearsal" in name]


def otherwise(seen: Rehearsal) -> list[str]:
    return [fact.id for fact in seen.facts if fact.holds is Holds.OTHERWISE]


async def test_a_rehearsal_plays_everything_passes_and_leaves_nothing() -> None:
    world = tenant()
    heard: list[str] = []

    def told(act: Act) -> None:
        heard.append(act.name)

    seen = await play(world, told=told)
    assert seen.passed, seen
    assert heard == ["made", "enrolled", "opened", "rotated", "lost value", "usage reading", "removed"]
    assert left(world) == []
    assert len(world.directory.removed) == 2, "the lost value and the old secret; all else goes with the application"
    assert (await world.calm().control.rehearsed.read()).by == "ada"
    assert len(seen.facts) == len(CHECKS) + len(UNSEEN)


async def test_the_real_ledger_hears_that_it_passed_and_nothing_else() -> None:
    world = tenant()
    await play(world)
    rows = [row.key for table in keys.TABLES for row in world.tables.all_rows(table)]
    assert [key for key in rows if not key.startswith("z|event|")] == ["rehearsed"]
    assert world.queues.sent == []
    assert world.channel.sent == []


async def test_no_secret_text_is_told() -> None:
    world = tenant()
    seen = await play(world)
    assert not [text for text in world.texts() if text in repr(seen)]


async def test_nobody_enrols_before_one_has_passed_unless_it_is_said() -> None:
    world = tenant()
    (application,) = [record.now for record in world.directory._records.values()]
    wish = Wish(application=application.object_id, by="ada")
    with pytest.raises(Refused, match="nobody has rehearsed here yet"):
        await enrol(world.calm(), wish)
    await enrol(world.calm(), replace(wish, unrehearsed=True))
    (event,) = [row for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == "enrolled"]
    assert event.values["unrehearsed"] == "True"
    other = world.add_application(2)
    await play(world)
    await enrol(world.calm(), replace(wish, application=other.object_id))


async def test_a_pause_holds_a_rehearsal_too() -> None:
    world = tenant()
    await operating.pause(world.calm(), by="grace", reason="freeze")
    with pytest.raises(Refused, match="paused by grace"):
        await play(world)
    assert left(world) == []


type Spoil = Callable[[World], None]


def _slow_use(world: World) -> None:
    assert world.usage is not None
    world.usage.mishaps.always("sightings", Mishap.DENIED)


def _place_refuses(world: World) -> None:
    world.integrations.kinds["key-vault"].mishaps.always("deliver", Mishap.DENIED)


def _vault_takes_nothing(world: World) -> None:
    world.vaults.memory(VAULT).mishaps.always("write", Mishap.DENIED)


def _markers_are_spoilt(world: World) -> None:
    world.directory.spoil_display_names = " (changed)"


def _removals_do_nothing(world: World) -> None:
    world.directory.removal_shows_after = timedelta(days=2)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_slow_use, "rehearsal-stopped"),
        (_place_refuses, "access-denied"),
        (_vault_takes_nothing, "access-denied"),
        (_markers_are_spoilt, "marker-refused"),
        (_removals_do_nothing, "rehearsal-stopped"),
    ],
)
async def test_what_stops_a_rotation_stops_a_rehearsal_and_nothing_is_left(spoil: Spoil, reason: str) -> None:
    world = tenant()
    spoil(world)
    seen = await play(world)
    assert (seen.passed, seen.reason) == (False, reason)
    assert seen.acts[-1].name == "stopped"
    assert left(world) == []
    assert (await world.calm().control.rehearsed.read()).passed_at is None


async def test_an_application_that_never_shows_is_given_up() -> None:
    world = tenant()
    world.directory.reads.always("application", Mishap.DENIED)
    assert (await play(world)).reason == "access-denied"
    assert left(world) == []


async def test_reads_that_lag_are_waited_for() -> None:
    world = tenant()
    world.directory.read_lag = timedelta(seconds=10)
    assert (await play(world)).passed


async def test_reads_that_lag_longer_than_looks_lie_apart_are_found_out() -> None:
    world = tenant()
    world.directory.read_lag = timedelta(minutes=5)
    world.directory.staleness = lambda: 1.0
    seen = await play(world)
    assert "reads lag more here than looks lie apart" in seen.acts[-1].says
    assert left(world) == []


async def test_what_cannot_be_made_is_an_error_and_leaves_nothing() -> None:
    world = tenant()
    world.throw_aways.mishaps.always("make", Mishap.DENIED)
    with pytest.raises(AccessDenied):
        await play(world)
    assert left(world) == []


async def test_what_cannot_be_deleted_is_told_with_its_command_and_goes_next_time() -> None:
    world = tenant()
    world.throw_aways.mishaps.plan("delete", Mishap.DENIED)
    seen = await play(world)
    assert not seen.passed
    assert "az ad app delete --id" in seen.left[0]
    assert len(left(world)) == 1
    world.throw_aways.mishaps.plan("delete_secret", None, None, None, None, Mishap.UNAVAILABLE)
    again = await play(world)
    assert "az keyvault secret delete --id" in again.left[0]
    assert (await play(world)).passed
    assert left(world) == []


async def test_what_is_not_listed_yet_is_deleted_all_the_same() -> None:
    world = tenant()
    world.throw_aways.unlisted = True
    assert (await play(world)).passed
    assert left(world) == []


async def test_what_cannot_be_looked_for_is_told() -> None:
    world = tenant()
    world.throw_aways.mishaps.always("find", Mishap.UNAVAILABLE)
    assert "could not be looked for" in (await play(world)).left[0]


async def test_an_interrupted_rehearsal_deletes_everything() -> None:
    world = tenant()
    waits = 0

    async def rest(span: timedelta) -> None:
        nonlocal waits
        waits += 1
        if waits == 6:
            raise asyncio.CancelledError
        world.clock.advance(span)

    with pytest.raises(asyncio.CancelledError):
        await rehearse(world.calm(), by="ada", rest=rest)
    assert waits == 6
    assert left(world) == []


async def test_whenever_a_rehearsal_is_killed_the_next_one_deletes_what_it_left_and_nothing_else() -> None:
    counting = CrashPlan()
    world = tenant()
    await play(world, world.services(counting))
    points = range(0, counting.points, 7)
    assert len(points) > 20
    for point in points:
        world = tenant()
        before = {record.now.object_id for record in world.directory._records.values()}
        try:
            await play(world, world.services(CrashPlan(point)))
        except Crash:
            world.crashes.append(str(point))
        seen = await play(world)
        assert seen.passed, (point, seen)
        assert left(world) == [], point
        kept = {each.now.object_id for each in world.directory._records.values() if not each.deleted}
        assert kept == before, point


def test_names_and_tags_must_agree() -> None:
    assert Stage.read(WITHOUT.name, [WITHOUT.tag]) == WITHOUT
    assert Stage.read(WITHOUT.name, []) is None
    assert Stage.read("Payroll", [WITHOUT.tag]) is None
    assert len(WITHOUT.long_name) == 127


@pytest.mark.parametrize("sources", [(False, False), (True, True)])
async def test_usage_sources_that_are_not_there_are_unseen(sources: tuple[bool, bool]) -> None:
    world = tenant()
    world.use_sources(report=sources[0], log=sources[1])
    if world.usage is not None:
        world.usage._name = "graph-report"
    if world.sign_in_log is not None:
        world.sign_in_log._name = "sign-in-log"
    seen = await play(world)
    found = {fact.id: fact.holds for fact in seen.facts}
    expected = Holds.HOLDS if sources[0] else Holds.UNSEEN
    assert (found["M-1"], found["M-7"], seen.passed) == (expected, expected, True)


async def test_a_removed_secret_is_tried_until_it_is_refused_or_for_a_while() -> None:
    world = tenant()
    world.sign_in.staleness = lambda: 1.0
    world.sign_in.forgets_after = timedelta(minutes=2)
    says = {fact.id: fact.says for fact in (await play(world)).facts}["A7-3"]
    assert "s after its removal" in says
    world = tenant()
    world.sign_in.staleness = lambda: 1.0
    world.sign_in.forgets_after = timedelta(days=1)
    says = {fact.id: fact.says for fact in (await play(world)).facts}["A7-3"]
    assert "contain a compromise by more than removing" in says
