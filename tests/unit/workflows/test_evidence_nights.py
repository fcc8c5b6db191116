"""What ends an old secret's wait, over whole nights: usage, hand-offs, overlap, and what cannot be had."""

from dataclasses import replace
from datetime import timedelta

from rotation.domain.credential import Application
from rotation.domain.policy import Retire, Terms
from rotation.domain.rotation import Completed, Overlapping
from rotation.workflows.operating import acknowledge
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import QUICK, World, configure, destination

DAY = timedelta(days=1)
ANSWERS = dict.fromkeys(QUESTIONS, "yes")


async def enrolled(world: World, *, ends_in: timedelta = 58 * DAY, secrets: int = 1) -> Application:
    application = world.add_application(ends_in=ends_in, secrets=secrets)
    await world.enrol(application)
    return application


def without_usage(world: World) -> None:
    world.usage = None
    world._current = world.services()


async def test_invariant_evidence_ends_a_wait_a_clock_only_lengthens_it() -> None:
    """Verified, the window long over, and no usage source: the old secret lapses and is not removed."""
    world = World()
    without_usage(world)
    await enrolled(world)
    await world.nights(57)
    assert world.phases() == ["completed"]
    assert world.directory.removed == []


async def test_a_source_that_is_not_alive_after_seven_days_cannot_vouch_for_silence() -> None:
    world = World()
    await enrolled(world)
    assert world.usage is not None
    world.usage.alive = False
    await world.nights(6)
    assert world.phases() == ["overlapping"]
    await world.nights(6)
    assert world.phases() == ["completed"]
    assert world.directory.removed == []


async def test_a_source_that_is_blind_for_this_application_cannot_vouch_for_silence() -> None:
    world = World()
    await enrolled(world)
    assert world.usage is not None
    world.usage.blind_for = lambda _application: True
    await world.nights(50)
    assert world.directory.removed == []
    assert world.phases() == ["completed"]


async def test_invariant_a_failed_look_is_not_an_empty_look_usage_that_cannot_be_read_decides_nothing() -> None:
    world = World()
    await enrolled(world)
    await world.nights(33)
    assert world.usage is not None
    world.usage.mishaps.always("sightings", Mishap.UNAVAILABLE)
    await world.nights(15)
    assert world.directory.removed == []
    assert world.phases() == ["overlapping"]
    world.usage.mishaps.always("sightings", None)
    await world.nights(3)
    assert world.phases() == ["completed"]
    assert len(world.directory.removed) == 1


async def test_quiet_is_at_least_the_longest_gap_between_two_uses() -> None:
    """A monthly job is not mistaken for silence."""
    world = World()
    application = await enrolled(world, ends_in=59 * DAY)
    assert world.usage is not None
    for _month in range(2):
        world.usage.see(application.client_id, application.secrets[0].key_id)
        await world.nights(24)
    assert world.directory.removed == []


async def test_retire_after_overlap_lets_the_clock_stand_for_silence() -> None:
    world = World(configuration=configure(destination("store"), terms=replace(QUICK, retire=Retire.AFTER_OVERLAP)))
    without_usage(world)
    application = await enrolled(world)
    await world.nights(6)
    assert world.directory.removed == []
    await world.nights(4)
    assert world.directory.removed == [(application.object_id, application.secrets[0].key_id)]


async def test_a_sighting_counts_even_where_the_clock_may_stand_for_silence() -> None:
    """A blind source that still shows a use keeps the rotation Overlapping, and its people are told of the key."""
    world = World(configuration=configure(destination("store"), terms=replace(QUICK, retire=Retire.AFTER_OVERLAP)))
    application = await enrolled(world)
    assert world.usage is not None
    world.usage.blind_for = lambda _application: True
    for _night in range(20):
        world.usage.see(application.client_id, application.secrets[0].key_id, origin="10.9.8.7")
        await world.nights(1)
    assert world.directory.removed == []
    assert world.phases() == ["overlapping"]
    told = [title for title in world.titles() if "still used" in title]
    assert len(told) == 1
    assert "10.9.8.7" in told[0]
    assert application.secrets[0].key_id in told[0]


async def test_what_is_seen_in_use_keeps_the_rotation_open_even_where_evidence_cannot_be_had() -> None:
    world = World(configuration=configure())
    application = await enrolled(world)
    assert world.usage is not None
    for _night in range(5):
        world.usage.see(application.client_id, application.secrets[0].key_id)
        await world.nights(1)
    assert world.phases() == ["overlapping"]


async def test_readers_named_in_the_enrolment_are_somebody() -> None:
    world = World(configuration=configure(readers=("app-team",)))
    await enrolled(world)
    await world.nights(50)
    assert len(world.directory.removed) == 1


async def test_an_acknowledgement_is_not_evidence() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    without_usage(world)
    await enrolled(world)
    await world.nights(1)
    rotation = world.rotations()[0].id
    await acknowledge(world.services(), rotation, destination("portal").name, by="berta", answers=ANSWERS)
    await world.nights(55)
    assert world.phases() == ["completed"]
    assert world.directory.removed == []
    assert any(key.lapses for key in (await world.line(await application_of(world))).keys)


async def application_of(world: World) -> Application:
    return world.directory.truth(world.rotations()[0].id.application)


async def test_an_acknowledgement_stands_where_the_enrolment_lets_it() -> None:
    terms = replace(QUICK, retire=Retire.AFTER_OVERLAP)
    world = World(configuration=configure(destination("portal", "person"), terms=terms))
    without_usage(world)
    application = await enrolled(world)
    await world.nights(3)
    assert world.directory.removed == []
    rotation = world.rotations()[0].id
    await acknowledge(world.services(), rotation, destination("portal").name, by="berta", answers=ANSWERS)
    await world.nights(6)
    assert world.directory.removed == [], "the overlap window counts from the acknowledgement"
    await world.nights(3)
    assert world.directory.removed == [(application.object_id, application.secrets[0].key_id)]


async def test_usage_of_the_new_key_confirms_a_hand_off() -> None:
    world = World(configuration=configure(destination("portal", "person")))
    application = await enrolled(world)
    await world.nights(2)
    assert world.phases() == ["delivering"]
    assert world.usage is not None
    new = world.rotations()[0].minted
    assert new is not None
    world.usage.see(application.client_id, new.key_id)
    await world.nights(2)
    assert "delivery.in-use" in world.events()
    await world.nights(45)
    assert [key for _application, key in world.directory.removed] == [application.secrets[0].key_id]


async def test_our_own_sign_ins_confirm_nothing() -> None:
    """The source shows our proofs of the new key; nobody else has used it."""
    world = World(configuration=configure(destination("portal", "person")))
    await enrolled(world)
    await world.nights(1)
    rotation = world.rotations()[0].id
    await acknowledge(world.services(), rotation, destination("portal").name, by="berta", answers=ANSWERS)
    await world.nights(50)
    assert "delivery.in-use" not in world.events()
    assert world.directory.removed == []


async def test_with_two_destinations_usage_lifts_neither() -> None:
    world = World(configuration=configure(destination("portal", "person"), destination("store")))
    application = await enrolled(world)
    await world.nights(1)
    rotation = world.rotations()[0]
    assert rotation.minted is not None
    await acknowledge(world.services(), rotation.id, destination("portal").name, by="berta", answers=ANSWERS)
    assert world.usage is not None
    for _night in range(45):
        world.usage.see(application.client_id, rotation.minted.key_id)
        await world.nights(1)
    assert "delivery.in-use" not in world.events()
    assert world.directory.removed == []


async def test_a_store_that_cannot_be_read_is_not_verified_evidence() -> None:
    world = World(configuration=configure(destination("hole", "blind")))
    without_usage(world)
    await enrolled(world)
    await world.nights(20)
    assert world.phases() == ["completed"]
    assert world.directory.removed == []


async def test_the_successor_must_sign_in_right_before_the_removal() -> None:
    """(e): two spaced reads list it, and its text, read back from the vault, signs in now."""
    world = World()
    application = await enrolled(world)
    await world.nights(33)
    world.sign_in.unprovable[application.client_id] = 53003
    await world.nights(6)
    assert world.directory.removed == []
    assert isinstance(world.rotations()[0].phase, Overlapping)
    del world.sign_in.unprovable[application.client_id]
    await world.nights(2)
    assert isinstance(world.rotations()[0].phase, Completed)


async def test_every_predecessor_is_weighed_on_its_own() -> None:
    world = World()
    application = await enrolled(world, secrets=3, ends_in=55 * DAY)
    assert world.usage is not None
    for _night in range(45):
        world.usage.see(application.client_id, application.secrets[1].key_id)
        await world.nights(1)
    gone = {key for _application, key in world.directory.removed}
    assert gone == {application.secrets[0].key_id, application.secrets[2].key_id}


async def test_removepassword_that_answers_well_and_does_nothing_is_asked_again() -> None:
    """removed means two reads no longer list the key id."""
    world = World()
    application = await enrolled(world)
    world.directory.record(application.object_id).remove_ignored = 3
    world.directory.removal_shows_after = timedelta(seconds=20)
    await world.nights(40)
    assert world.phases() == ["completed"]
    assert world.events().count("retired") == 1
    assert not world.directory.truth(application.object_id).holds(application.secrets[0].key_id)


async def test_a_key_minted_yesterday_has_not_been_silent_for_long() -> None:
    """Silence counts from its own mint, not from the enrolment."""
    world = World()
    application = await enrolled(world)
    await world.nights(40)
    await world.open(application)
    await world.nights(1)
    young = world.rotations()[-1].minted
    assert young is not None
    await world.open(application, succeed=True)
    await world.nights(20)
    assert world.directory.truth(application.object_id).holds(young.key_id)
    await world.nights(20)
    assert not world.directory.truth(application.object_id).holds(young.key_id)


async def test_a_destinations_own_settling_time_lengthens_the_window() -> None:
    slow = replace(destination("store"), settles_in=20 * DAY)
    world = World(configuration=configure(slow, terms=replace(QUICK, retire=Retire.AFTER_OVERLAP)))
    without_usage(world)
    await enrolled(world)
    await world.nights(18)
    assert world.directory.removed == []
    await world.nights(5)
    assert len(world.directory.removed) == 1


def test_terms_say_quiet_is_at_least_seven_days_by_default() -> None:
    assert Terms(overlap=DAY).quiet_for == 7 * DAY
    assert Terms(overlap=10 * DAY).quiet_for == 10 * DAY
