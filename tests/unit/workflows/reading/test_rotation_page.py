"""One rotation as its page shows it, at each point of its journey."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import NotFound
from rotation.domain.evidence import SentBack
from rotation.domain.identifiers import RotationId
from rotation.domain.policy import Terms
from rotation.domain.rotation import Staged
from rotation.workflows import operating, retire_now
from rotation.workflows.reading.rotation import RotationPage, rotation
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World, configure, destination, rotation_id
from tests.unit.workflows.stepping import DAY, HOUR, put, until

NOBODYS = "01J00000000000000000000009"


async def opened(world: World, *, secrets: int = 1) -> Application:
    application = world.add_application(ends_in=100 * DAY, secrets=secrets)
    await world.enrol(application)
    await world.open(application)
    return application


async def page(world: World) -> RotationPage:
    return await rotation(world.calm(), rotation_id(world))


async def test_one_that_is_not_there() -> None:
    world = World()
    application = await opened(world)
    with pytest.raises(NotFound):
        await rotation(world.calm(), RotationId(application.object_id, NOBODYS))


async def test_while_it_is_proven_it_says_how_far_and_what_is_next() -> None:
    world = World()
    await opened(world)
    await until(world, Staged)
    await world.run(timedelta(seconds=70))
    found = await page(world)
    told = {phase.phase: phase for phase in found.phases}
    assert (told["staged"].how, told["staged"].note) == ("now", "3 of 5 sign-ins")
    assert told["minting"].at is not None
    assert told["planned"].at == world.rotations()[0].opened_at
    assert (told["overlapping"].how, told["overlapping"].at) == ("ahead", None)
    assert found.following == "prove that it signs in"
    assert found.following_at is not None
    assert (found.evidence, found.unread, found.levels) == ((), "", {})
    assert found.acts == ("abandon",)
    assert found.needs == ()


async def test_overlapping_shows_all_five_points_for_each_predecessor() -> None:
    world = World()
    application = await opened(world, secrets=2)
    await world.run(HOUR)
    assert world.usage is not None
    old = application.secrets[0]
    world.usage.see(application.client_id, old.key_id, origin="SharePoint")
    await world.nights(2)
    found = await page(world)
    assert found.levels == {"store": "stored: read back"}
    assert found.following == "ask for evidence that the old secret may go"
    assert [key.key_id for key in found.evidence] == [secret.key_id for secret in application.secrets]
    first, second = found.evidence
    rows = {row.letter: row for row in first.rows}
    assert {letter: row.standing for letter, row in rows.items()} == {
        "a": "there",
        "b": "there",
        "c": "missing",
        "d": "missing",
        "e": "asked-last",
    }
    assert (first.origin, first.last_used_at is not None, second.last_used_at) == ("SharePoint", True, None)
    assert rows["c"].until is not None
    assert rows["d"].source == world.usage.name
    assert rows["d"].as_of < found.at == rows["c"].as_of
    assert not first.lapses
    assert first.ordered == ""
    assert found.acts == ("retire",)
    assert found.needs[0].kind == "still-in-use"


async def test_a_successor_that_did_not_sign_in_is_shown_until_it_is_asked_again() -> None:
    world = World()
    await opened(world)
    await world.run(HOUR)
    at = world.clock.now()
    put(world, replace(world.rotations()[0], sent_back=SentBack(at=at, why="the successor does not sign in")))
    row = (await page(world)).evidence[0].rows[-1]
    assert (row.letter, row.standing, row.why) == ("e", "missing", "the successor does not sign in")
    assert (row.source, row.as_of, row.until) == ("our own sign-in", at, at + world.timing.evidence_every)
    world.clock.advance(world.timing.evidence_every)
    assert (await page(world)).evidence[0].rows[-1].standing == "asked-last"


async def test_without_a_usage_source_it_says_so_and_that_the_old_one_lapses() -> None:
    world = World()
    world.use_sources(report=False)
    await opened(world)
    await world.run(HOUR)
    await world.nights(1)
    found = await page(world)
    (key,) = found.evidence
    row = next(row for row in key.rows if row.letter == "d")
    assert (row.standing, row.source, row.as_of) == ("cannot-be-had", "no usage source", found.at)
    assert key.lapses
    assert found.view.phase == "completed"
    assert (found.following, found.following_at) == ("", None)


async def test_an_operators_word_is_shown_with_its_key() -> None:
    world = World()
    application = await opened(world)
    await world.run(HOUR)
    key_id = application.secrets[0].key_id
    await retire_now.retire(world.calm(), rotation_id(world), [key_id], by="anna", why="leaked")
    (key,) = (await page(world)).evidence
    assert key.ordered == "retired at once by anna: leaked"


async def test_a_successor_that_is_not_listed_is_missing() -> None:
    world = World()
    application = await opened(world)
    await world.run(HOUR)
    minted = world.rotations()[0].minted
    assert minted is not None
    world.directory.drop_secret(application.object_id, minted.key_id)
    (key,) = (await page(world)).evidence
    row = next(row for row in key.rows if row.letter == "e")
    assert (row.standing, row.why) == ("missing", "the directory does not list the successor")


async def test_a_directory_that_does_not_answer_spoils_the_evidence_and_not_the_page() -> None:
    world = World()
    await opened(world)
    await world.run(HOUR)
    world.directory.reads.plan("application", Mishap.UNAVAILABLE)
    found = await page(world)
    assert found.evidence == ()
    assert found.unread.startswith("unavailable: ")


async def test_a_line_that_was_released_has_no_needs_and_no_evidence() -> None:
    world = World()
    application = await opened(world)
    await world.run(HOUR)
    await world.release(application)
    found = await page(world)
    assert (found.needs, found.evidence, found.unread) == ((), (), "")
    assert found.acts == ()


async def test_what_stopped_says_why_and_may_be_tried_again() -> None:
    world = World()
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(application)
    await world.run(HOUR)
    found = await page(world)
    assert [phase.how for phase in found.phases if phase.how not in {"done", "ahead"}] == ["stopped"]
    assert (found.acts, found.following) == (("retry", "abandon"), "")
    assert [need.kind for need in found.needs] == ["rotation"]


async def test_a_delivery_that_stopped_and_one_that_waits() -> None:
    world = World(configuration=configure(destination("store"), destination("siem", "person")))
    world.integrations.kinds["automatic"].mishaps.plan("deliver", Mishap.DENIED)
    await opened(world)
    await world.run(HOUR)
    found = await page(world)
    assert found.acts == ("retry",)
    assert {need.kind for need in found.needs} == {"delivery", "hand-off"}
    assert [phase.note for phase in found.phases if phase.phase == "delivering"] == ["0/2"]
    answers = dict.fromkeys(QUESTIONS, "yes")
    siem = destination("siem").name
    await operating.acknowledge(world.calm(), rotation_id(world), siem, by="anna", answers=answers)
    assert [need.kind for need in (await page(world)).needs] == ["delivery"]


async def test_an_approval_may_be_given() -> None:
    world = World(configuration=configure(destination("store"), terms=Terms(approval=True)))
    await opened(world)
    await world.run(HOUR)
    found = await page(world)
    assert found.acts == ("approve", "abandon")
    assert [need.act for need in found.needs] == ["Approve"]


async def test_one_that_was_succeeded_is_no_longer_its_lines_latest() -> None:
    world = World()
    application = await opened(world)
    await world.run(HOUR)
    first = rotation_id(world)
    await world.open(application, succeed=True)
    found = await rotation(world.calm(), first)
    assert found.view.phase == "closed"
    assert (found.needs, found.acts) == ((), ())
    assert [phase.how for phase in found.phases] == [*["done"] * 5, *["not-taken"] * 3]


async def test_a_wake_that_was_lost_says_nothing() -> None:
    world = World()
    await opened(world)
    await world.run(HOUR)
    world.tables._rows("wakes").clear()
    assert (await page(world)).following_at is None
