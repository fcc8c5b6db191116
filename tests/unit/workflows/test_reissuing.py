"""A vault was lost or leaked: each line that publishes into it is rotated again, once, and within the brakes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import RotationId
from rotation.domain.line import Line
from rotation.domain.policy import Ramp
from rotation.domain.reissue import Incident
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.ports.vault import NewVersion
from rotation.workflows import operating, reissuing, tags
from rotation.workflows.enrolling import enrol
from rotation.workflows.previewing import Wish as Enrol
from rotation.workflows.reissuing import Reissued, Wish, preview, reissue
from rotation.workflows.rotate import take_application
from tests.fakes.world import VAULT, World, configure, destination

HOUR = timedelta(hours=1)
ELSEWHERE = "https://elsewhere.example"


async def rotated(count: int = 1) -> tuple[World, list[Application]]:
    """Lines whose current secret was minted by us, a day ago."""
    world = World(configuration=configure(destination("store")))
    applications = [world.add_application(number) for number in range(1, count + 1)]
    for application in applications:
        await world.enrol(application)
        await world.open(application)
    await world.run(timedelta(days=1))
    return world, applications


async def said(world: World, **more: object) -> Reissued:
    wish = Wish(vault="vault", by="ada", why="the vault burnt", where="terminal")
    return await reissue(world.calm(), replace(wish, **more))  # type: ignore[arg-type]


async def night(world: World) -> None:
    await world.scan()
    await world.run(HOUR)


async def test_a_lost_vault_makes_its_lines_due_in_the_vault_of_today() -> None:
    world, (application,) = await rotated()
    before = await world.line(application)
    world.change_policy(vault=ELSEWHERE)
    seen = await preview(world.calm(), Wish(vault=VAULT, by="ada"))
    assert [(each.moves_to, each.done, each.destinations) for each in seen.lines] == [(ELSEWHERE, False, ("store",))]
    done = await said(world)
    assert (done.ordered, done.opened, done.later) == ((before.id,), (), ())
    assert [row.partition for row in world.tables.all_rows(keys.VAULT_NAMES)] == ["elsewhere.example"] * 2
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await night(world)
    after = await world.line(application)
    assert after.current != before.current
    assert after.enrolment.vault_url == ELSEWHERE
    assert world.stored("store") == after.current
    assert world.vaults.memory(ELSEWHERE).latest(after.enrolment.secret_name) is not None
    assert [rotation.reason for rotation in world.rotations()] == ["requested", "due"]
    assert world.directory.removed == [], "every old secret waits for evidence"
    assert len((await said(world)).done) == 1, "it is of this incident, wherever it lives"
    with pytest.raises(NotFound):
        await said(world, again=True)


async def test_each_line_is_rotated_once_however_often_it_is_said() -> None:
    world, (application,) = await rotated()
    for _time in range(2):
        assert len((await said(world)).ordered) == 1
    assert world.events().count("reissue.ordered") == 1
    await night(world)
    await world.run(timedelta(days=1))
    again = await said(world)
    assert (again.ordered, again.done) == ((), ((await world.line(application)).id,))
    await night(world)
    assert len(world.rotations()) == 2
    assert len((await said(world, again=True)).ordered) == 1, "another incident"


async def test_the_ramp_holds_and_the_next_night_goes_on() -> None:
    world, _applications = await rotated(2)
    one = Ramp(opened_per_night=1, open_at_once=5, removed_per_night=5)
    world.settings.now = replace(
        world.settings.now, limits=replace(world.settings.now.limits, usual=one, first_week=one)
    )
    assert len((await said(world)).ordered) == 2
    await night(world)
    assert len(world.rotations()) == 3
    await night(world)
    assert len(world.rotations()) == 4


async def test_a_secret_that_never_lay_there_is_left_alone_and_its_line_moves() -> None:
    world = World()
    application = world.add_application(ends_in=timedelta(days=200))
    await world.enrol(application)
    world.change_policy(vault=ELSEWHERE)
    done = await said(world)
    assert (done.ordered, len(done.done)) == ((), 1)
    await night(world)
    assert world.rotations() == []
    assert (await world.line(application)).enrolment.vault_url == ELSEWHERE
    again = await said(world)
    assert (again.incident, again.ordered, again.done, again.later) == (done.incident, (), (), ()), (
        "nothing is left to do"
    )


async def test_a_leaked_vault_is_a_compromise_of_whatever_lay_there() -> None:
    world, (application,) = await rotated()
    before = await world.line(application)
    old = application.secrets[0].key_id
    seen = await preview(world.calm(), Wish(vault="vault", by="ada", compromised=True))
    assert [each.burnt for each in seen.lines] == [(before.current,)]
    done = await said(world, compromised=True)
    assert (len(done.opened), done.ordered) == (1, ())
    assert (await said(world, compromised=True)).opened == done.opened, "joined"
    await world.run(HOUR)
    assert [key_id for _application, key_id in world.directory.removed] == [before.current]
    assert world.directory.truth(application.object_id).holds(old), "it never lay in that vault"
    assert (await said(world, compromised=True)).opened == ()
    assert len(world.rotations()) == 2


async def test_what_was_staged_there_is_burnt_too() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(seconds=1))
    (staged,) = [secret.key_id for secret in world.directory.truth(application.object_id).secrets if secret.marker]
    await world.run(timedelta(seconds=5))
    await enrol_adopted(world)
    seen = await preview(world.calm(), Wish(vault="vault", by="ada", compromised=True))
    burnt = {each.line.application: each.burnt for each in seen.lines}
    assert burnt[application.object_id] == (staged,)


async def enrol_adopted(world: World) -> Line:
    """A line whose value lay in the vault before it was ours: nobody knows which of its secrets that was."""
    application = world.add_application(2)
    name = f"entra-{application.client_id}-default"
    await world.vaults.at(VAULT).write(name, NewVersion(text=SecretText("theirs"), tags={}))
    return await enrol(world.calm(), Enrol(application=application.object_id, by="ada", adopt=True))


async def test_an_adopted_version_lay_there_whichever_secret_it_is() -> None:
    world = World()
    line = await enrol_adopted(world)
    (each,) = (await preview(world.calm(), Wish(vault="vault", by="ada"))).lines
    assert (each.done, each.burnt) == (False, tuple(key.key_id for key in line.keys))
    assert (await said(world)).ordered == (line.id,)
    await night(world)
    assert [rotation.reason for rotation in world.rotations()] == ["due"]


async def test_that_it_leaked_too_may_turn_out_later() -> None:
    world, _applications = await rotated()
    first = await said(world)
    second = await said(world, compromised=True)
    assert (second.incident.at, second.incident.compromised) == (first.incident.at, True)
    assert (await said(world)).incident.compromised, "it stays so"


async def test_while_paused_no_compromise_begins_and_it_is_told() -> None:
    world, _applications = await rotated()
    await operating.pause(world.calm(), by="ada", reason="wait")
    done = await said(world, compromised=True)
    assert (done.opened, len(done.later)) == ((), 1)
    assert len((await said(world)).later) == 1, "it is a compromise by now"
    await operating.resume(world.calm(), by="ada", reason="go on")
    assert len((await said(world)).opened) == 1


async def test_what_somebody_works_on_is_told_and_done_by_the_next_run() -> None:
    world, (application,) = await rotated()
    services = world.calm()
    fence = await take_application(services, RotationId(application.object_id, services.ulids.make()))
    assert len((await said(world)).later) == 1
    await fence.release(world.clock.now())
    assert len((await said(world)).ordered) == 1


async def test_nothing_of_somebody_elses_is_covered_in_the_new_vault() -> None:
    world, (application,) = await rotated()
    line = await world.line(application)
    new = NewVersion(text=SecretText("theirs"), tags={tags.LINE: "theirs"})
    await world.vaults.at(ELSEWHERE).write(line.enrolment.secret_name, new)
    world.change_policy(vault=ELSEWHERE)
    done = await said(world)
    assert (done.ordered, len(done.later)) == ((), 1)
    assert (await world.line(application)).enrolment.vault_url == VAULT


async def test_a_vault_that_no_line_publishes_into_is_not_found() -> None:
    world, _applications = await rotated()
    with pytest.raises(NotFound) as caught:
        await said(world, vault="another")
    assert caught.value.reason == "no-such-vault"


async def test_a_line_whose_policy_is_gone_is_told_all_the_same() -> None:
    world, _applications = await rotated()
    world.settings.now = replace(world.settings.now, policies=())
    (each,) = (await preview(world.calm(), Wish(vault="vault", by="ada"))).lines
    assert (each.destinations, each.moves_to) == ((), "")


async def test_a_line_that_is_released_meanwhile_is_passed_over() -> None:
    """Before the look, with an entry in the index that outlived it; and between the look and the word."""
    world, (application, other) = await rotated(2)
    stale = await world.calm().lines.get((await world.line(other)).id)
    assert stale is not None
    await world.release(other)
    await world.calm().lines.put(stale)
    wish = Wish(vault="vault", by="ada")
    (touched,) = (await preview(world.calm(), wish)).lines
    await world.release(application)
    incident = Incident(at=world.clock.now(), by="ada", why="")
    assert await reissuing._order(world.calm(), touched, incident, wish=wish) is None
    assert [row.key for row in world.tables.all_rows(keys.ROTATIONS) if row.key.startswith("a|reissue|")] == []


async def test_whoever_releases_a_line_takes_the_word_back() -> None:
    world, (application,) = await rotated()
    await said(world)
    await world.release(application)
    assert [row.key for row in world.tables.all_rows(keys.ROTATIONS) if row.key.startswith("a|reissue|")] == []
