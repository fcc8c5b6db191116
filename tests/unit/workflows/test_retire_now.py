"""An operator retires a predecessor at once: past (a) to (d), never past (e), ownership, pause and breaker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId, RotationId
from rotation.domain.line import Reason
from rotation.workflows import operating, retire_now
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination

DAY = timedelta(days=1)
WHO = {"by": "ada", "why": "moved by hand", "where": "terminal"}


async def overlapping(world: World, *, secrets: int = 1) -> tuple[Application, RotationId]:
    """Let a rotation wait for evidence."""
    application = world.add_application(secrets=secrets)
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]
    return application, world.rotations()[0].id


async def lapsing() -> tuple[World, Application, RotationId]:
    """Let a rotation complete whose old secret can only lapse: nobody can tell of its use."""
    world = World()
    world.usage = None
    world._current = world.services()
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(9 * DAY)
    assert world.phases() == ["completed"]
    return world, application, world.rotations()[0].id


def removed(world: World) -> list[KeyId]:
    return [key_id for _application, key_id in world.directory.removed]


async def refused(world: World, rotation: RotationId, *key_ids: KeyId) -> str:
    with pytest.raises(Refused) as told:
        await retire_now.retire(world.services(), rotation, key_ids, **WHO)
    return told.value.reason


async def test_the_preview_names_what_is_missing_and_writes_nothing() -> None:
    world = World()
    application, rotation = await overlapping(world)
    written = len(world.tables.commits)
    seen = await retire_now.preview(world.services(), rotation)
    (key,) = seen.keys
    assert key.key_id == application.secrets[0].key_id
    assert [point[:3] for point in key.there] == ["(a)", "(b)"]
    assert [point[:3] for point in key.missing] == ["(c)", "(d)", "(e)"]
    assert (seen.successor, seen.brake) == ((await world.line(application)).current, "")
    assert len(world.tables.commits) == written


async def test_it_goes_within_minutes_and_the_history_says_who_and_what_was_missing() -> None:
    world = World()
    application, rotation = await overlapping(world)
    await retire_now.retire(world.services(), rotation, (), **WHO)
    await world.run(timedelta(minutes=5))
    assert removed(world) == [application.secrets[0].key_id]
    assert world.phases() == ["completed"]
    rows = [row.values for row in world.tables.all_rows("rotations") if row.values.get("what") == "retire.ordered"]
    assert [(row["by"], row["where"], row["why"]) for row in rows] == [("ada", "terminal", "moved by hand")]
    assert "(d) missing" in str(rows[0]["missing"])


async def test_what_could_only_lapse_goes_from_a_rotation_that_has_ended() -> None:
    world, application, rotation = await lapsing()
    (held,) = [key for key in (await world.line(application)).keys if key.lapses]
    await retire_now.retire(world.services(), rotation, (held.key_id,), **WHO)
    await world.run(timedelta(minutes=5))
    assert removed(world) == [held.key_id]
    line = await world.line(application)
    assert [key.key_id for key in line.keys] == [line.current]
    assert "retired" in world.events()


@pytest.mark.parametrize("ended", [False, True])
async def test_e_still_holds_a_successor_that_does_not_sign_in_keeps_the_old_secret(ended: bool) -> None:
    world, rotation = World(), None
    if ended:
        world, _application, rotation = await lapsing()
    else:
        _application, rotation = await overlapping(world)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await retire_now.retire(world.services(), rotation, (), **WHO)
    await world.run(timedelta(hours=3))
    assert removed(world) == []
    world.sign_in.mishaps.always("prove", None)
    await world.run(timedelta(hours=3))
    assert len(removed(world)) == 1


@pytest.mark.parametrize("ended", [False, True])
async def test_pause_and_breaker_hold_before_the_word_and_after_it(ended: bool) -> None:
    world, rotation = World(), None
    if ended:
        world, _application, rotation = await lapsing()
    else:
        _application, rotation = await overlapping(world)
    await operating.pause(world.services(), by="anna", reason="audit")
    assert await refused(world, rotation) == "brake-holds"
    await operating.resume(world.services(), by="anna", reason="over")
    await retire_now.retire(world.services(), rotation, (), **WHO)
    breaker = world.services().control.breaker
    await breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    await world.run(timedelta(hours=3))
    assert removed(world) == []
    assert await refused(world, rotation) == "brake-holds"
    await operating.resume(world.services(), by="anna", reason="mended", breaker=True)
    await operating.pause(world.services(), by="anna", reason="audit")
    await world.run(timedelta(hours=3))
    assert removed(world) == []
    await operating.resume(world.services(), by="anna", reason="over")
    await world.run(timedelta(hours=2))
    assert len(removed(world)) == 1


async def test_said_twice_it_is_as_said_once() -> None:
    world = World()
    _application, rotation = await overlapping(world)
    for _time in range(2):
        await retire_now.retire(world.services(), rotation, (), **WHO)
    assert world.events().count("retire.ordered") == 1
    await world.run(timedelta(minutes=5))
    assert len(removed(world)) == 1


async def test_only_a_predecessor_of_the_line_can_be_named() -> None:
    world = World()
    application, rotation = await overlapping(world)
    foreign = world.directory.add_secret(application.object_id, end_at=world.clock.now() + DAY)
    current = (await world.line(application)).current
    assert current is not None
    assert await refused(world, rotation, foreign.credential.key_id) == "foreign-key"
    assert await refused(world, rotation, current) == "not-retirable"
    await world.run(timedelta(hours=1))
    assert removed(world) == []


async def test_of_several_each_must_be_named_and_the_others_stay() -> None:
    world = World()
    application, rotation = await overlapping(world, secrets=3)
    assert await refused(world, rotation) == "ambiguous"
    chosen = application.secrets[1].key_id
    await retire_now.retire(world.services(), rotation, (chosen,), **WHO)
    await world.run(timedelta(hours=1))
    assert removed(world) == [chosen]
    assert world.phases() == ["overlapping"]


async def test_while_a_delivery_is_under_way_nothing_goes_at_once() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["delivering"]
    assert await refused(world, world.rotations()[0].id) == "not-retirable"


async def test_a_word_given_in_one_rotation_is_none_in_the_next() -> None:
    """Its successor is another one, which nobody has judged."""
    world = World()
    application, first = await overlapping(world)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await retire_now.retire(world.services(), first, (), **WHO)
    await world.run(timedelta(minutes=5))
    await world.open(application, Reason.REQUESTED, succeed=True)
    world.sign_in.mishaps.always("prove", None)
    await world.run(timedelta(hours=4))
    assert world.phases() == ["closed", "overlapping"]
    assert removed(world) == []
    assert await refused(world, first) == "not-retirable"


async def test_nothing_is_left_to_retire_once_the_old_secret_is_gone() -> None:
    world = World()
    _application, rotation = await overlapping(world)
    await retire_now.retire(world.services(), rotation, [], **WHO)
    await world.run(DAY)
    assert world.phases() == ["completed"]
    assert await refused(world, rotation) == "not-retirable"
