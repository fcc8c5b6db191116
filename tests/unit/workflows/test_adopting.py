"""A person rotated by hand while Rotation was down: what they made is taken up, and nothing is minted or removed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application, Marker
from rotation.domain.errors import LeaseHeld, NotFound, Refused
from rotation.domain.identifiers import KeyId, LineId, LineName, RotationId
from rotation.domain.policy import LineEntry, Proof
from rotation.domain.secret import SecretText
from rotation.ports.directory import MintedCredential
from rotation.ports.vault import NewVersion
from rotation.workflows.adopting.adopt import Adoption, Wish, adopt, preview
from rotation.workflows.enrolling import enrol
from rotation.workflows.previewing import Wish as Enrol
from rotation.workflows.rotate import take_application
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, QUICK, VAULT, World, configure, destination

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def ours(*, rotated: bool = False) -> tuple[World, Application]:
    """A line of ours, whose old secret ends in twenty days; or one that rotation has begun to replace."""
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    await world.enrol(application)
    if rotated:
        await world.open(application)
        await world.run(HOUR)
    world.clock.advance(HOUR)
    return world, application


def by_hand(world: World, application: Application, *, name: str | None = "by hand, at night") -> MintedCredential:
    """Add a secret in the portal."""
    end_at = world.clock.now() + timedelta(days=365)
    return world.directory.add_secret(application.object_id, end_at=end_at, display_name=name)


async def put(world: World, application: Application, text: SecretText) -> None:
    """Put a text into the line's vault secret, as a person does: without tags."""
    line = await world.line(application)
    world.clock.advance(timedelta(minutes=1))
    await world.vaults.at(line.enrolment.vault_url).write(line.enrolment.secret_name, NewVersion(text=text, tags={}))


def wish(application: Application, key_id: KeyId | None = None, **more: object) -> Wish:
    line = LineId(application.object_id, LINE)
    return replace(Wish(line=line, by="ada", key_id=key_id, where="terminal"), **more)  # type: ignore[arg-type]


async def adopted(world: World, application: Application, key_id: KeyId | None = None, **more: object) -> Adoption:
    return await adopt(world.calm(), wish(application, key_id, **more))


async def refused(world: World, application: Application, key_id: KeyId | None = None, **more: object) -> str:
    with pytest.raises(Refused) as caught:
        await adopted(world, application, key_id, **more)
    with pytest.raises(Refused):
        await preview(world.calm(), wish(application, key_id, **more))
    assert caught.value.remedy
    return caught.value.reason


async def test_what_lies_in_the_vault_is_carried_on_and_delivered_and_the_old_one_waits_for_evidence() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, made.text)
    done = await adopted(world, application, made.credential.key_id)
    assert done.value is not None
    assert (done.key_id, done.ends_at) == (made.credential.key_id, made.credential.end_at)
    assert (done.kept, done.already) == ((application.secrets[0].key_id,), False)
    line = await world.line(application)
    assert (line.current, line.version) == (made.credential.key_id, done.value.version)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    assert world.stored("store") == made.credential.key_id
    assert (world.directory.minted, world.directory.removed) == ([], [])
    (rotation,) = world.rotations()
    assert rotation.predecessors == (application.secrets[0].key_id,)
    assert rotation.own_sign_ins is not None
    await world.nights(2)
    assert (world.directory.minted, world.directory.removed) == ([], [])


async def test_without_the_value_the_end_date_is_taken_and_nothing_else_happens() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    done = await adopted(world, application)
    assert (done.key_id, done.value, done.rotation) == (made.credential.key_id, None, None)
    line = await world.line(application)
    assert (line.current, line.version, line.open) == (made.credential.key_id, None, None)
    await world.nights(1)
    assert world.rotations() == [], "its end is far: nothing is due"
    assert (world.directory.minted, world.directory.removed) == ([], [])
    world.clock.set(made.credential.end_at - 20 * DAY)
    await world.scan()
    await world.run(HOUR)
    (rotation,) = world.rotations()
    assert (rotation.reason, set(rotation.predecessors)) == ("due", {made.credential.key_id, done.kept[0]})


async def test_a_rotation_that_had_published_is_succeeded_and_all_its_secrets_stay() -> None:
    world, application = await ours(rotated=True)
    before = await world.line(application)
    made = by_hand(world, application)
    await put(world, application, made.text)
    done = await adopted(world, application)
    assert done.succeeds == world.rotations()[0].id
    await world.run(HOUR)
    first, second = world.rotations()
    assert (first.phase.phase, second.phase.phase) == ("closed", "overlapping")
    assert set(second.predecessors) == {key.key_id for key in before.keys}
    assert world.stored("store") == made.credential.key_id
    assert world.directory.removed == []


async def test_without_the_value_a_rotation_that_had_published_ends_and_what_waits_is_cancelled() -> None:
    world = World(configuration=configure(destination("store")))
    application = world.add_application()
    await world.enrol(application)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(HOUR)
    made = by_hand(world, application)
    done = await adopted(world, application, made.credential.key_id, date_only=True)
    assert done.succeeds is not None
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.nights(1)
    assert world.phases() == ["closed"]
    assert world.stored("store") is None
    record = await world.record(application.object_id)
    assert [stored.delivery.phase.phase for stored in record.deliveries.values()] == ["cancelled"]


async def test_a_rotation_that_has_not_published_must_be_abandoned_first() -> None:
    world, application = await ours()
    await world.open(application)
    await world.run(timedelta(seconds=1))
    made = by_hand(world, application)
    assert await refused(world, application, made.credential.key_id) == "already-open"


async def test_said_twice_it_is_as_said_once() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, made.text)
    await adopted(world, application)
    await world.run(HOUR)
    again = await adopted(world, application)
    assert (again.already, again.rotation) == (True, None)
    assert world.events().count("adopted") == 1
    assert len(world.rotations()) == 1


async def test_the_value_may_be_put_into_the_vault_later() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await adopted(world, application, made.credential.key_id)
    await put(world, application, made.text)
    done = await adopted(world, application, made.credential.key_id)
    assert (done.value is not None, done.already) == (True, False)
    await world.run(HOUR)
    assert world.stored("store") == made.credential.key_id


async def test_our_own_current_secret_is_ours_whatever_somebody_put_into_the_vault() -> None:
    world, application = await ours(rotated=True)
    line = await world.line(application)
    await put(world, application, SecretText("something else"))
    assert (await adopted(world, application, line.current)).already


async def test_what_the_directory_does_not_list_is_refused() -> None:
    world, application = await ours()
    strange = KeyId("00000000-0000-4000-8000-000000000000")
    assert await refused(world, application, strange) == "not-listed"
    assert await refused(world, application) == "not-listed"


async def test_several_that_may_be_meant_must_be_named() -> None:
    world, application = await ours()
    one, _two = by_hand(world, application), by_hand(world, application, name=None)
    assert await refused(world, application) == "ambiguous"
    assert (await adopted(world, application, one.credential.key_id)).key_id == one.credential.key_id


@pytest.mark.parametrize("how", ["predecessor", "other-line", "marked", "ended"])
async def test_what_cannot_be_made_by_a_person_for_this_line_is_refused(how: str) -> None:
    world = World()
    application = world.add_application(secrets=2)
    first, second = (secret.key_id for secret in application.secrets)
    entry = LineEntry(name=LineName("other"), terms=QUICK)
    world.change_policy(lines=(*world.settings.now.policies[0].lines, entry))
    held = (first, second) if how == "predecessor" else (second,)
    await enrol(world.calm(), Enrol(application=application.object_id, by="ada", key_ids=held))
    if how == "other-line":
        other = Enrol(application=application.object_id, by="ada", key_ids=(first,), line=entry.name)
        await enrol(world.calm(), other)
    marker = Marker(world.ulids.make(), 1).label("ours")
    end_at = world.clock.now() + (DAY if how == "marked" else timedelta(0))
    made = world.directory.add_secret(
        application.object_id, end_at=end_at, display_name=marker if how == "marked" else ""
    )
    key_id = made.credential.key_id if how in {"marked", "ended"} else first
    assert await refused(world, application, key_id) == "not-adoptable"


async def test_another_text_in_the_vault_is_refused() -> None:
    """A sign-in cannot tell which secret of an application it was: the first characters do."""
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, SecretText("0" * 40))
    assert await refused(world, application, made.credential.key_id) == "not-this-secret"
    await put(world, application, SecretText(made.credential.key_id))
    assert await refused(world, application, made.credential.key_id) == "not-this-secret"
    assert (await adopted(world, application, made.credential.key_id, date_only=True)).value is None


async def test_a_value_that_does_not_sign_in_is_refused() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, SecretText((made.credential.hint or "") + "mistyped"))
    assert await refused(world, application, made.credential.key_id) == "secret-refused"


async def test_a_value_that_nobody_can_prove_is_taken_only_where_the_policy_goes_on_without_proof() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, made.text)
    world.sign_in.unprovable[application.client_id] = 53003
    assert await refused(world, application, made.credential.key_id) == "unprovable"
    configured = world.settings.now
    world.change_policy(lines=())
    assert await refused(world, application, made.credential.key_id) == "unprovable"
    world.settings.now = replace(configured, policies=())
    assert await refused(world, application, made.credential.key_id) == "unprovable"
    world.settings.now = configured
    world.change_terms(replace(QUICK, proof=Proof.BEST_EFFORT))
    done = await adopted(world, application, made.credential.key_id)
    assert done.value is not None
    assert done.value.unprovable == 53003


async def test_a_line_that_nobody_enrolled_has_nothing_to_adopt() -> None:
    world = World()
    application = world.add_application()
    with pytest.raises(NotFound):
        await preview(world.calm(), wish(application))
    with pytest.raises(NotFound):
        await adopted(world, application)


async def test_while_somebody_works_on_the_application_it_must_wait() -> None:
    world, application = await ours()
    by_hand(world, application)
    services = world.calm()
    await take_application(services, RotationId(application.object_id, services.ulids.make()))
    with pytest.raises(LeaseHeld):
        await adopted(world, application)


async def test_a_preview_tells_the_same_and_writes_nothing() -> None:
    world, application = await ours()
    made = by_hand(world, application)
    await put(world, application, made.text)
    commits = len(world.tables.commits)
    seen = await preview(world.calm(), wish(application))
    assert len(world.tables.commits) == commits
    done = await adopted(world, application)
    assert seen == replace(done, rotation=None)
    assert world.vaults.memory(VAULT).names() == [(await world.line(application)).enrolment.secret_name]
