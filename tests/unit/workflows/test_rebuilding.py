"""The storage account is lost: what directory and vault tell is written down, and nothing is done without a yes."""

from datetime import timedelta

import pytest

from rotation.domain.credential import Application, Marker
from rotation.domain.errors import Retryable, VaultRefused
from rotation.domain.identifiers import LineId, RotationId
from rotation.domain.line import Line
from rotation.domain.policy import Enrol, Selector
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from rotation.workflows import tags
from rotation.workflows.enrolling import enrol
from rotation.workflows.previewing import Wish, preview
from rotation.workflows.reading.application import standing
from rotation.workflows.rebuilding.rebuild import Rebuilt, rebuild
from rotation.workflows.rebuilding.survey import Survey, survey
from rotation.workflows.reminding import digest
from rotation.workflows.rotate import take_application
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, VAULT, World, configure, destination

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ELSEWHERE = "https://elsewhere.example"


async def lost(*, after: timedelta = HOUR, secrets: int = 1) -> tuple[World, Application, Line]:
    """Lose the storage account while a line is so far; give the line as it was."""
    world = World(configuration=configure(destination("store")))
    application = world.add_application(secrets=secrets)
    await world.enrol(application)
    await world.open(application)
    await world.run(after)
    line = await world.line(application)
    world.lose_storage()
    return world, application, line


async def look(world: World, *vaults: str) -> Survey:
    return await survey(world.calm(), vaults)


async def rebuilt(world: World) -> Rebuilt:
    done = await rebuild(world.calm(), await look(world), by="ada", where="terminal")
    await world.run(timedelta(minutes=2))
    return done


async def test_it_tells_what_it_found_and_writes_nothing() -> None:
    world, application, before = await lost()
    rows = world.tables.commits.copy()
    seen = await look(world)
    assert world.tables.commits == rows
    (line,) = seen.lines
    assert line.id == LineId(application.object_id, LINE)
    assert line.current is not None
    assert (line.current.key_id, line.current.version) == (before.current, before.version)
    assert (line.vault_url, line.secret_name) == (VAULT, before.enrolment.secret_name)
    assert seen.beside[line.id] == (application.secrets[0].key_id,)
    assert (seen.strays, seen.gone, seen.enrolled, seen.unread) == ((), (), (), ())
    assert (seen.vaults, seen.applications) == ((VAULT,), 1)


async def test_rebuilt_rows_allow_reminders_and_nothing_else() -> None:
    """Nothing is minted, published, delivered or removed until somebody enrols the line again."""
    world, application, before = await lost()
    done = await rebuilt(world)
    assert done.written == (before.id,)
    minted, removed = len(world.directory.minted), len(world.directory.removed)
    versions = {name: len(world.vaults.memory(VAULT).kept(name)) for name in world.vaults.memory(VAULT).names()}
    delivered = world.stored("store")
    assert before.current is not None
    end_at = world.directory.truth(application.object_id).secret(before.current)
    assert end_at is not None
    world.clock.set(end_at.end_at - 20 * DAY)
    await world.nights(10)
    await digest(world.calm())
    await world.run(HOUR)
    assert (len(world.directory.minted), len(world.directory.removed)) == (minted, removed)
    assert versions == {name: len(world.vaults.memory(VAULT).kept(name)) for name in versions}
    assert world.stored("store") == delivered
    assert world.rotations() == []
    assert await world.wakes() == []
    told = [item for _audience, message in world.channel.sent for item in message.items]
    assert [item.identifier for item in told if "nobody rotates" in item.text] == [f"key id {before.current}"]


async def test_whoever_enrols_it_again_goes_on_where_it_stood() -> None:
    """No mint: destinations are verified, and the old secret goes on evidence, as it would have."""
    world, application, before = await lost()
    await rebuilt(world)
    minted = len(world.directory.minted)
    line = await world.enrol(application)
    assert (line.current, line.version) == (before.current, before.version)
    assert {key.key_id for key in line.keys} == {key.key_id for key in before.keys}
    await world.run(HOUR)
    (rotation,) = world.rotations()
    assert rotation.id.ulid == before.open
    assert (rotation.phase.phase, rotation.predecessors) == ("overlapping", (application.secrets[0].key_id,))
    await world.nights(60)
    assert len(world.directory.minted) == minted
    assert [secret.key_id for secret in world.directory.truth(application.object_id).secrets] == [before.current]
    assert world.phases() == ["completed"]
    assert (await world.record(application.object_id)).rebuilt == {}


async def test_a_destination_that_missed_the_new_secret_gets_it_once_the_line_is_ours_again() -> None:
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    await world.enrol(application)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(HOUR)
    before = await world.line(application)
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    world.lose_storage()
    await rebuilt(world)
    await world.nights(2)
    assert world.stored("store") is None
    await world.enrol(application)
    await world.run(HOUR)
    assert world.stored("store") == before.current


async def test_what_was_never_published_is_told_and_handed_over_and_is_nobodys_current_secret() -> None:
    """The old one is what everybody has: the line is due when that one ends, not when this one does."""
    world, application, _before = await lost(after=timedelta(seconds=1))
    (unpublished,) = [secret.key_id for secret in world.directory.truth(application.object_id).secrets if secret.marker]
    (line,) = (await look(world)).lines
    assert (line.latest, line.current, line.overlapping) == (None, None, ())
    assert [each.key_id for each in line.unpublished] == [unpublished]
    await rebuilt(world)
    taken = await world.enrol(application)
    assert (taken.current, taken.open) == (application.secrets[0].key_id, None)
    assert {key.key_id: bool(key.minted_by) for key in taken.keys} == {
        unpublished: True,
        application.secrets[0].key_id: False,
    }
    await world.scan()
    await world.run(HOUR)
    (rotation,) = world.rotations()
    assert rotation.reason == "due"
    assert set(rotation.predecessors) == {unpublished, application.secrets[0].key_id}


async def test_of_an_overlapping_pair_both_are_told_and_the_older_is_a_predecessor() -> None:
    world, application, first = await lost()
    await rebuilt(world)
    await world.enrol(application)
    await world.run(HOUR)
    await world.open(application, succeed=True)
    await world.run(HOUR)
    second = await world.line(application)
    world.lose_storage()
    (line,) = (await look(world)).lines
    assert line.current is not None
    assert line.current.key_id == second.current
    assert [each.key_id for each in line.overlapping] == [first.current]
    await rebuilt(world)
    await world.enrol(application)
    await world.run(HOUR)
    (rotation,) = world.rotations()
    assert (rotation.phase.phase, rotation.adopted) == ("overlapping", (second.current,))
    assert set(rotation.predecessors) == {first.current, application.secrets[0].key_id}


async def test_a_secret_that_somebody_removed_is_known_to_be_gone() -> None:
    world, application, before = await lost()
    assert before.current is not None
    world.directory.drop_secret(application.object_id, before.current)
    (line,) = (await look(world)).lines
    assert line.latest is not None
    assert (line.latest.key_id, line.current) == (before.current, None)
    await rebuilt(world)
    taken = await world.enrol(application)
    assert (taken.current, taken.version, taken.open) == (before.current, before.version, None)
    await world.scan()
    await world.run(HOUR)
    assert [rotation.reason for rotation in world.rotations()] == ["gone"]


async def test_whoever_hands_over_other_secrets_only_begins_with_those() -> None:
    world, application, before = await lost()
    await rebuilt(world)
    old = application.secrets[0].key_id
    wish = Wish(application=application.object_id, by="ada", key_ids=(old,))
    taken = await enrol(world.calm(), wish)
    assert ([key.key_id for key in taken.keys], taken.current, taken.open) == ([old], old, None)
    assert world.directory.truth(application.object_id).holds(before.current or old)


async def test_a_stray_is_told_and_never_touched() -> None:
    """A value that was lost with the ledger, another deployment's secret: nobody can tell, so a person must."""
    world, application, _before = await lost()
    name = Marker(world.ulids.make(), 1).label("somebody's")
    stray = world.directory.add_secret(application.object_id, end_at=world.clock.now() + 90 * DAY, display_name=name)
    key_id = stray.credential.key_id
    assert [each.key_id for each in (await look(world)).strays] == [key_id]
    await rebuilt(world)
    await world.enrol(application)
    await world.nights(4)
    assert world.directory.truth(application.object_id).holds(key_id)
    assert (await look(world)).strays[0].key_id == key_id


async def test_with_a_whole_ledger_there_is_nothing_to_rebuild() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(timedelta(seconds=1))
    seen = await look(world)
    assert (seen.lines, seen.strays, seen.enrolled) == ((), (), (LineId(application.object_id, LINE),))


async def test_what_the_ledger_knows_is_no_stray_even_where_no_version_carries_it() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.vaults.memory(VAULT).mishaps.plan("write", None, Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(timedelta(seconds=1))
    assert [secret for secret in world.directory.truth(application.object_id).secrets if secret.marker]
    assert (await look(world)).strays == ()


async def test_it_may_be_said_again_and_writes_nothing_twice() -> None:
    world, application, before = await lost()
    await rebuilt(world)
    row = (await world.record(application.object_id)).rebuilt[LINE]
    again = await rebuilt(world)
    assert (again.written, again.known) == ((), (before.id,))
    assert (await world.record(application.object_id)).rebuilt[LINE] == row
    assert world.events().count("line.rebuilt") == 1
    await world.enrol(application)
    seen = await look(world)
    assert (seen.lines, seen.enrolled) == ((), (before.id,))


async def test_a_line_that_was_enrolled_since_the_look_is_left_alone() -> None:
    world, application, before = await lost()
    seen = await look(world)
    await world.enrol(application)
    assert (await rebuild(world.calm(), seen, by="ada")).known == (before.id,)
    assert (await world.record(application.object_id)).rebuilt == {}


async def test_what_somebody_works_on_is_told_and_done_by_the_next_run() -> None:
    world, application, before = await lost()
    services = world.calm()
    fence = await take_application(services, RotationId(application.object_id, services.ulids.make()))
    done = await rebuilt(world)
    assert (done.written, len(done.later)) == ((), 1)
    await fence.release(world.clock.now())
    assert (await rebuilt(world)).written == (before.id,)


async def test_a_line_whose_application_is_gone_is_told() -> None:
    world, application, before = await lost()
    world.directory.delete(application.object_id)
    seen = await look(world)
    assert (seen.lines, seen.gone) == ((), (before.id,))


async def test_what_the_directory_cannot_tell_is_told() -> None:
    world, _application, _before = await lost()
    world.directory.malformed.append(("7", "no appId"))
    assert (await look(world)).unread == ("7: no appId",)


async def test_a_failed_look_is_not_an_empty_look() -> None:
    world, _application, _before = await lost()
    world.vaults.memory(VAULT).refusing = "vault-refused"
    with pytest.raises(VaultRefused):
        await look(world)
    world.vaults.memory(VAULT).refusing = None
    world.directory.unreadable_pages = {0}
    with pytest.raises(Retryable):
        await look(world)


async def test_a_line_lives_where_its_newest_version_is() -> None:
    """In whichever vault that the configuration or the person names; the older copy is no other line."""
    world, application, before = await lost()
    assert before.version is not None
    text = await world.calm().vaults.at(VAULT).read(before.enrolment.secret_name, before.version)
    world.clock.advance(HOUR)
    await copy_to(world, ELSEWHERE, before, text)
    assert [line.vault_url for line in (await look(world)).lines] == [VAULT]
    (line,) = (await look(world, ELSEWHERE)).lines
    assert (line.vault_url, line.secret_name) == (ELSEWHERE, "moved")
    world.change_policy(vault=ELSEWHERE)
    assert (await look(world)).lines == (line,)
    await rebuilt(world)
    taken = await world.enrol(application)
    assert (taken.enrolment.vault_url, taken.enrolment.secret_name) == (ELSEWHERE, "moved")


async def copy_to(world: World, url: str, line: Line, text: SecretText) -> None:
    marks = {tags.LINE: str(line.id), tags.ROTATION: line.latest or "", tags.KEY_ID: line.current or ""}
    await world.vaults.at(url).write("moved", NewVersion(text=text, tags=marks))


async def test_other_secrets_in_the_vault_are_nobodys_line() -> None:
    world, _application, before = await lost()
    vault = world.vaults.at(VAULT)
    for name, marks in {
        "theirs": {"by": "them"},
        "theirs-staged": {},
        "reserved": {tags.LINE: str(before.id), tags.STATE: tags.RESERVED},
        "spoilt": {tags.LINE: "what?", tags.ROTATION: "x", tags.KEY_ID: "y"},
        "lonely-staged": {},
    }.items():
        await vault.write(name, NewVersion(text=SecretText("theirs"), tags=marks))
    assert [line.id for line in (await look(world)).lines] == [before.id]


async def test_a_person_wrote_the_latest_version_and_the_line_is_still_found() -> None:
    """By the staged name beside it: tags are not inherited."""
    world, _application, before = await lost()
    world.clock.advance(HOUR)
    await world.vaults.at(VAULT).write(before.enrolment.secret_name, NewVersion(text=SecretText("by hand"), tags={}))
    (line,) = (await look(world)).lines
    assert line.current is not None
    assert line.current.key_id == before.current


async def test_versions_of_secrets_that_are_all_gone_are_no_line() -> None:
    world, application, before = await lost(after=timedelta(seconds=1))
    for secret in world.directory.truth(application.object_id).secrets:
        world.directory.drop_secret(application.object_id, secret.key_id)
    assert (await look(world)).lines == ()
    assert before.version is None


async def test_a_policy_that_enrols_by_itself_waits_for_a_person() -> None:
    world, application, _before = await lost()
    world.change_policy(enrol=Enrol.AUTO, selector=Selector(object_ids=frozenset({application.object_id})))
    await rebuilt(world)
    await world.nights(2)
    assert (await world.record(application.object_id)).lines == {}
    await world.enrol(application)
    assert (await world.record(application.object_id)).lines[LINE].open is not None


async def test_the_preview_of_the_enrolment_tells_what_is_taken_over() -> None:
    world, application, before = await lost()
    await rebuilt(world)
    seen = await preview(world.calm(), Wish(application=application.object_id, by="ada"))
    assert seen.rebuilt is not None
    assert {secret.key_id for secret in seen.handed_over} == {before.current, application.secrets[0].key_id}
    assert seen.refusals == ()


async def test_the_page_of_the_application_calls_it_watched_and_not_a_stray() -> None:
    world, application, before = await lost()
    await rebuilt(world)
    record = await world.record(application.object_id)
    truth = world.directory.truth(application.object_id)
    assert before.current is not None
    assert standing(record, before.current, truth.secret(before.current), policy=None) == ("monitored", None)
