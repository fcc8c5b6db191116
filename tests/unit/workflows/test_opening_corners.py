"""Opening, enrolling, acknowledging, where somebody comes between: released, taken, claimed, paused meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from rotation.domain.brakes import Night, NightState, RampCount
from rotation.domain.credential import Application
from rotation.domain.errors import AccessDenied, NotFound, Refused
from rotation.domain.identifiers import LineId, LineName, PolicyName, RotationId
from rotation.domain.line import Reason
from rotation.domain.policy import LineEntry, Mode
from rotation.domain.rotation import Delivering
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.control import NIGHT
from rotation.ports.tables import Delete, Insert, Upsert
from rotation.workflows import night, operating
from rotation.workflows.asking import Ask, NotOpened
from rotation.workflows.auto_enrol import enrol_by_policy
from rotation.workflows.enrolling import enrol, release
from rotation.workflows.opening import open_rotation
from rotation.workflows.previewing import Wish, preview
from rotation.workflows.reminding import digest
from rotation.workflows.rotate import take_application
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, POLICY, VAULT, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, when

HOST = VAULT.removeprefix("https://")


async def enrolled(world: World, number: int = 1) -> Application:
    application = world.add_application(number)
    await world.enrol(application)
    return application


def line_of(application: Application, name: LineName = LINE) -> LineId:
    return LineId(application.object_id, name)


ASK = Ask(by="somebody", reason=Reason.REQUESTED)


async def test_a_line_that_nobody_enrolled_cannot_be_opened() -> None:
    world = World()
    application = world.add_application()
    with pytest.raises(NotFound, match="no line default of application"):
        await open_rotation(world.calm(), line_of(application), ASK)
    with pytest.raises(NotFound, match="is enrolled"):
        await release(world.calm(), line_of(application), by="somebody")


async def test_a_line_that_is_released_while_it_is_asked_for_is_not_opened() -> None:
    world = World()
    application = await enrolled(world)

    def released() -> None:
        place = (keys.ROTATIONS, application.object_id)
        world.tables._apply(*place, [Delete(key=keys.line(LINE))])

    when(world, "MemoryTables.commit", released)
    with pytest.raises(NotFound, match="was released"):
        await open_rotation(world.calm(), line_of(application), ASK)


async def test_the_last_place_of_a_night_is_taken_once() -> None:
    world = World()
    application = await enrolled(world)
    await world.calm().control.ramp.change(lambda _count: RampCount(night="tonight", opened=10_000))
    answer = await open_rotation(
        world.calm(), line_of(application), Ask(by="nightly scan", reason=Reason.DUE, scan="tonight")
    )
    assert answer == NotOpened(why="the ramp is full", braked=True)
    assert world.rotations() == []


async def test_two_who_acknowledge_at_once_are_one_and_a_refusal() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    application = await enrolled(world)
    await world.open(application)
    await world.run(HOUR)
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Delivering)
    name = destination("portal").name
    answers = dict.fromkeys(QUESTIONS, "yes")

    def other() -> None:
        record = world.tables.live(keys.ROTATIONS, rotation.id.application, keys.delivery(rotation.id.ulid, name))
        (row,) = record
        ended = str(row.values["state"]).replace(
            '"awaiting-person"', '"cancelled","why":"x","at":"2026-03-02T03:00:00Z"'
        )
        world.tables._apply(keys.ROTATIONS, row.partition, [Upsert(key=row.key, values={**row.values, "state": ended})])

    when(world, "MemoryTables.commit", other)
    with pytest.raises(Refused) as refused:
        await operating.acknowledge(world.calm(), rotation.id, name, by="berta", answers=answers)
    assert refused.value.reason == "not-open"


# Enrolling.


async def test_who_enrols_second_is_told_so() -> None:
    """The preview of both found the line free; the lease lets one after the other."""
    world = World()
    application = world.add_application()
    wish = Wish(application=application.object_id, by="anna")
    first = await world.enrol(application)
    row = world.tables.now(keys.ROTATIONS, application.object_id, keys.line(LINE))
    assert row is not None
    await release(world.calm(), first.id, by="anna")
    put_back = Upsert(key=row.key, values=row.values)
    when(world, "MemoryTables.commit", lambda: world.tables._apply(keys.ROTATIONS, row.partition, [put_back]))
    with pytest.raises(Refused) as refused:
        await enrol(world.calm(), wish)
    assert refused.value.reason == "already-enrolled"


async def test_a_key_id_that_another_line_took_meanwhile_is_not_taken_twice() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    row = world.tables.now(keys.ROTATIONS, application.object_id, keys.line(LINE))
    assert row is not None
    await release(world.calm(), line_of(application), by="anna")
    other = LineName("other")
    text = str(row.values["state"]).replace('"name":"default"', '"name":"other"')
    taken = Upsert(key=keys.line(other), values={**row.values, "state": text})
    when(world, "MemoryTables.commit", lambda: world.tables._apply(keys.ROTATIONS, row.partition, [taken]))
    with pytest.raises(Refused) as refused:
        await enrol(world.calm(), Wish(application=application.object_id, by="anna"))
    assert refused.value.reason == "key-id-taken"


async def test_claims_of_an_enrolment_that_died_are_its_own_when_it_comes_again() -> None:
    world = World()
    application = world.add_application()
    line = await world.enrol(application)
    await world.tables.commit(keys.ROTATIONS, application.object_id, [Delete(key=keys.line(LINE))])
    again = await world.enrol(application)
    assert again.enrolment.secret_name == line.enrolment.secret_name
    assert len(world.tables.all_rows(keys.VAULT_NAMES)) == 2


async def test_a_release_leaves_what_others_claimed() -> None:
    world = World()
    application = await enrolled(world)
    name = (await world.line(application)).enrolment.secret_name
    theirs = Upsert(key=name, values={"line": "another"})
    await world.tables.commit(keys.VAULT_NAMES, HOST, [theirs])
    await release(world.calm(), line_of(application), by="anna")
    (row,) = world.tables.all_rows(keys.VAULT_NAMES)
    assert (row.key, row.values["line"]) == (name, "another")


async def test_a_name_that_is_claimed_between_is_refused() -> None:
    world = World()
    application = world.add_application()
    name = (await preview(world.calm(), Wish(application=application.object_id, by="anna"))).enrolment.secret_name
    await world.tables.commit(keys.VAULT_NAMES, HOST, [Insert(key=name, values={"line": "another"})])
    with pytest.raises(Refused) as refused:
        await world.enrol(application)
    assert refused.value.reason in {"vault-name-claimed", "not-enrolled"}


async def test_what_no_policy_speaks_of_is_not_previewed() -> None:
    world = World()
    application = world.add_application()
    with pytest.raises(Refused) as unnamed:
        await preview(world.calm(), Wish(application=application.object_id, by="anna", line=LineName("third")))
    assert (unnamed.value.reason, unnamed.value.message) == ("no-such-line", "policy ours has no line third")
    world.settings.now = replace(world.settings.now, policies=())
    with pytest.raises(Refused) as nobody:
        await preview(world.calm(), Wish(application=application.object_id, by="anna"))
    assert nobody.value.reason == "no-policy"


async def test_a_preview_warns_of_others_at_work() -> None:
    world = World()
    application = world.add_application()
    end = world.clock.now() + 300 * DAY
    stray, vaults = (
        world.directory.add_secret(application.object_id, end_at=end, display_name=name).credential.key_id
        for name in (f"job (rotation:{'0' * 25}1.1)", "vault-0b0c7e8a")
    )
    made_by = replace(world.directory.truth(application.object_id), created_by=application.client_id)
    world.directory.change(made_by)
    wish = Wish(application=application.object_id, by="anna", key_ids=(application.secrets[0].key_id,))
    warnings = (await preview(world.calm(), wish)).warnings
    assert f"it was made by another application ({application.client_id}), which may manage it" in warnings
    marker = f"(job (rotation:{'0' * 25}1.1))"
    assert f"key id {stray} bears a marker of another deployment or an older ledger {marker}" in warnings
    assert f"key id {vaults} looks like HashiCorp Vault's (vault-0b0c7e8a)" in warnings


async def test_a_long_lines_name_leaves_room_for_itself() -> None:
    name = LineName("a-line-with-a-name-that-is-rather-long")
    entry = LineEntry(name=name, destinations=(destination("store").name,))
    world = World()
    world.change_policy(lines=(entry,))
    application = world.add_application()
    description = (await preview(world.calm(), Wish(application=application.object_id, by="a", line=name))).enrolment
    assert description.description == f"Applicati - {name}"
    assert len(description.description) == 50


async def test_enrolling_by_policy_says_what_it_could_not_and_skips_what_is_gone() -> None:
    world = World()
    application = world.add_application()
    world.change_policy(mode=Mode.MONITOR)
    fresh = {POLICY: [application.object_id], PolicyName("gone"): [application.object_id]}
    remarks = await enrol_by_policy(world.calm(), fresh, {})
    (remark,) = remarks
    assert remark.startswith(f"{application.object_id}|default: not enrolled by policy ours: ")
    assert world.tables.all_rows(keys.LINES) == []


# The night.


async def begin(world: World, **more: object) -> None:
    night_of = replace(Night(scan="s", began_at=world.clock.now(), state=NightState.CANARY), **more)  # type: ignore[arg-type]
    row = Upsert(key="night", values=NIGHT.columns(night_of))
    await world.tables.commit(keys.CONTROL, "control", [row])


async def now(world: World) -> Night:
    found = await world.calm().control.night.read()
    assert found is not None
    return found


async def test_a_canary_that_is_not_configured_any_more_holds_nothing_back() -> None:
    world = World()
    await begin(world)
    await night.open_due(world.calm())
    assert (await now(world)).state is NightState.DONE


async def test_a_canary_that_is_worked_on_is_tried_again() -> None:
    world = World()
    application = await enrolled(world)
    world.make_canary(application)
    await begin(world)
    async with _leased(world, application):
        await night.open_due(world.calm())
    assert (await now(world)).state is NightState.CANARY
    assert world.rotations() == []
    await night.open_due(world.calm())
    assert world.phases() == ["planned"]


async def test_a_canary_that_nobody_enrolled_stops_the_night() -> None:
    world = World()
    application = world.add_application()
    world.make_canary(application)
    await begin(world)
    await night.open_due(world.calm())
    assert (await now(world)).state is NightState.STOPPED
    assert world.alarms() == ["canary-failed"]


async def test_an_open_rotation_that_has_ended_is_no_canary() -> None:
    """The line still names it; the next one is opened."""
    world = World()
    application = await enrolled(world)
    world.make_canary(application)
    await world.open(application)
    ended = world.rotations()[0].id
    await operating.abandon(world.calm(), ended, by="somebody", why="test")
    line = replace(await world.line(application), open=ended.ulid)
    world.tables._apply(keys.ROTATIONS, application.object_id, [ledger.put_line(line)])
    await begin(world)
    await night.open_due(world.calm())
    assert (await now(world)).canary == world.rotations()[-1].id.ulid != ended.ulid


async def test_a_line_that_a_brake_held_back_is_left_for_later_tonight() -> None:
    """The pause came between the look at the brakes and the opening: the line is as due as before."""
    world = World()
    application = await enrolled(world)
    entry = await world.calm().lines.get(line_of(application))
    assert entry is not None
    await begin(world, state=NightState.OPENING)
    await operating.pause(world.calm(), by="anna", reason="test")
    assert await night._try(world.calm(), entry, await now(world)) is None
    await operating.resume(world.calm(), by="anna", reason="test")
    assert await night._try(world.calm(), entry, await now(world)) is True


@asynccontextmanager
async def _leased(world: World, application: Application) -> AsyncIterator[None]:
    fence = await take_application(world.calm(), RotationId(application.object_id, "x"))
    yield
    await fence.release(world.clock.now())


async def test_a_due_line_whose_application_may_not_be_read_is_blocked_and_told_and_goes_on_when_it_may() -> None:
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    world.directory.reads.always("rules", Mishap.DENIED)
    await world.nights(2)
    await digest(world.calm())
    await world.run(HOUR)
    blocked = (await world.line(application)).blocked
    assert blocked is not None
    assert blocked.reason == "access-denied"
    assert any("access-denied" in item.text for _audience, message in world.channel.sent for item in message.items)
    world.directory.reads.always("rules", None)
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert (await world.line(application)).blocked is None


async def test_a_person_who_asks_is_told_what_may_not_be_read() -> None:
    world = World()
    application = await enrolled(world)
    world.directory.reads.always("rules", Mishap.DENIED)
    with pytest.raises(AccessDenied):
        await world.open(application)
    assert (await world.line(application)).blocked is None
