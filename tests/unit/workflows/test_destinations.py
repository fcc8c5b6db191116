"""Deliveries: who waits for whom, what joins, leaves or changes, and what never becomes true by itself."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import AwaitingApproval
from rotation.domain.errors import Refused
from rotation.domain.policy import Destination
from rotation.domain.window import Window
from rotation.workflows.operating import acknowledge, approve, retry
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, configure, destination

DAY = timedelta(days=1)
STORE, SECOND, PORTAL = destination("store"), destination("second"), destination("portal", "person")


async def rotating(*destinations: Destination) -> tuple[World, Application]:
    world = World(configuration=configure(*destinations))
    application = world.add_application(ends_in=58 * DAY)
    await world.enrol(application)
    await world.nights(1)
    return world, application


async def phases(world: World) -> dict[str, str]:
    rotation = world.rotations()[-1]
    record = await world.record(rotation.id.application)
    return {name: stored.delivery.phase.phase for name, stored in record.deliveries_of(rotation.id.ulid).items()}


async def test_one_failing_destination_never_holds_back_another() -> None:
    world = World(configuration=configure(STORE, destination("hole", "blind")))
    world.integrations.kinds["blind"].mishaps.always("deliver", Mishap.DENIED)
    await world.enrol(world.add_application())
    await world.nights(1)
    assert await phases(world) == {"store": "verified", "hole": "blocked"}
    assert world.phases() == ["delivering"]
    world.integrations.kinds["blind"].mishaps.always("deliver", None)
    await retry(world.services(), world.rotations()[0].id, by="anna")
    await world.run(timedelta(hours=1))
    assert await phases(world) == {"store": "verified", "hole": "verified"}
    assert world.phases() == ["completed"], "what cannot be read is never evidence: the old secret lapses"


async def test_a_destination_that_does_not_answer_is_tried_for_a_day_and_then_told_of() -> None:
    world = World(configuration=configure(STORE))
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.enrol(world.add_application())
    await world.scan()
    await world.run(timedelta(hours=20))
    assert await phases(world) == {"store": "pending"}
    await world.run(timedelta(hours=12))
    assert await phases(world) == {"store": "blocked"}
    assert any("delivery stopped" in title for title in world.titles())


async def test_a_store_that_takes_it_and_never_shows_it_is_told_of_and_not_written_for_ever() -> None:
    world = World(configuration=configure(STORE))
    world.integrations.kinds["automatic"].forgets = True
    await world.enrol(world.add_application())
    await world.scan()
    await world.run(2 * DAY)
    assert await phases(world) == {"store": "blocked"}
    assert len([text for text in world.events() if text == "delivery.sent"]) < 60


async def test_a_destination_that_joined_is_delivered_before_anything_is_removed() -> None:
    world, application = await rotating(STORE)
    await world.nights(33)
    world.name_destinations(STORE, SECOND)
    await world.nights(2)
    assert (await phases(world))["second"] == "awaiting-approval"
    assert world.phases() == ["delivering"]
    await world.nights(5)
    assert world.directory.removed == []
    await approve(world.services(), world.rotations()[0].id, by="anna")
    await world.nights(1)
    assert (await phases(world))["second"] == "verified"
    await world.nights(10)
    assert [key for _application, key in world.directory.removed] == [application.secrets[0].key_id]
    approved = {place.name for place in (await world.line(application)).enrolment.destinations}
    assert approved == {"store", "second"}, "what was approved once is approved"


async def test_a_destination_that_left_is_dropped_with_an_event_and_waited_for_no_longer() -> None:
    world, _application = await rotating(STORE, PORTAL)
    assert world.phases() == ["delivering"]
    both = world.settings.now.destinations
    world.name_destinations(STORE)
    world.settings.now = replace(world.settings.now, destinations=both)
    await world.nights(1)
    assert await phases(world) == {"store": "verified", "portal": "cancelled"}
    assert "destination.left" in world.events()
    assert world.phases() == ["overlapping"]


async def test_a_destination_that_left_and_came_back_is_delivered_again() -> None:
    world, _application = await rotating(STORE, SECOND)
    world.name_destinations(STORE)
    await world.nights(2)
    world.name_destinations(STORE, SECOND)
    await world.nights(2)
    assert await phases(world) == {"store": "verified", "second": "verified"}


async def test_a_destination_that_changed_waits_for_approval_and_the_old_secret_stays() -> None:
    """Verified at another place than the configuration means today is not verified."""
    world, application = await rotating(STORE)
    world.name_destinations(replace(STORE, fingerprint="automatic:elsewhere"))
    await world.nights(18)  # overlap and quiet are a week each
    assert await phases(world) == {"store": "awaiting-approval"}
    assert world.directory.removed == []
    await approve(world.services(), world.rotations()[0].id, by="anna")
    await world.nights(1)
    assert await phases(world) == {"store": "verified"}
    assert (await world.line(application)).enrolment.approves(STORE.name, "automatic:elsewhere")


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (replace(STORE, approval=True), "its configuration asks for approval each time"),
        (replace(STORE, fingerprint="automatic:elsewhere"), "it is new or has changed since it was approved"),
    ],
)
async def test_what_waits_for_a_yes_says_why_and_since_when(now: Destination, why: str) -> None:
    world = World(configuration=configure(STORE))
    application = world.add_application()
    await world.enrol(application)
    world.name_destinations(now)
    began = world.clock.now()
    await world.open(application)
    await world.run(timedelta(hours=1))
    (stored,) = (await world.record(application.object_id)).deliveries.values()
    phase = stored.delivery.phase
    assert isinstance(phase, AwaitingApproval)
    assert phase.why == why
    assert began <= phase.since <= world.clock.now()


async def test_an_approval_is_of_one_place_and_not_of_what_it_becomes_afterwards() -> None:
    world = World(configuration=configure(replace(STORE, approval=True)))
    await world.enrol(world.add_application())
    await world.nights(1)
    assert await phases(world) == {"store": "awaiting-approval"}
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await approve(world.services(), world.rotations()[0].id, by="anna")
    await world.run(timedelta(minutes=5))
    assert await phases(world) == {"store": "pending"}
    world.name_destinations(replace(STORE, approval=True, fingerprint="automatic:evil"))
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.run(timedelta(hours=2))
    assert await phases(world) == {"store": "awaiting-approval"}
    assert world.stored("store") is None


async def test_a_hand_off_waits_and_an_answer_to_every_question_is_asked() -> None:
    world, _application = await rotating(PORTAL)
    rotation = world.rotations()[0].id
    with pytest.raises(Refused) as refused:
        await acknowledge(world.services(), rotation, PORTAL.name, by="berta", answers={})
    assert refused.value.reason == "answers-missing"
    await acknowledge(world.services(), rotation, PORTAL.name, by="berta", answers=dict.fromkeys(QUESTIONS, "yes"))
    await world.run(timedelta(hours=1))
    assert await phases(world) == {"portal": "acknowledged"}
    with pytest.raises(Refused):
        await acknowledge(world.services(), rotation, PORTAL.name, by="x", answers=dict.fromkeys(QUESTIONS, "yes"))


async def test_a_rotation_with_an_unfinished_hand_off_does_not_complete() -> None:
    world, _application = await rotating(PORTAL)
    await world.nights(18)  # overlap and quiet are a week each
    assert world.phases() == ["delivering"]


async def test_a_succession_cancels_what_was_not_delivered_and_replaces_the_hand_off() -> None:
    world, application = await rotating(STORE, PORTAL)
    await world.open(application, succeed=True)
    await world.run(timedelta(hours=2))
    first, second = world.rotations()
    record = await world.record(application.object_id)
    before = record.deliveries_of(first.id.ulid)[PORTAL.name].delivery
    after = record.deliveries_of(second.id.ulid)[PORTAL.name].delivery
    assert (first.phase.phase, before.phase.phase, after.phase.phase) == ("closed", "cancelled", "awaiting-person")
    line = await world.line(application)
    assert set(second.predecessors) == {key.key_id for key in line.keys} - {line.current}
    assert first.minted is not None
    assert first.minted.key_id in second.predecessors
    assert world.directory.removed == []


async def test_what_restarts_something_is_delivered_inside_its_window_only() -> None:
    world = World(configuration=configure(STORE))
    world.integrations.kinds["automatic"].restarts = True
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    await world.scan()
    world.change_policy(window=Window(opens=time(12), closes=time(13)))
    await world.run(timedelta(hours=5))
    assert await phases(world) == {"store": "pending"}
    await world.run(timedelta(hours=7))
    assert await phases(world) == {"store": "verified"}


async def test_nothing_is_delivered_twice_when_a_step_is_repeated() -> None:
    world, _application = await rotating(STORE, SECOND)
    for kept in world.integrations.kinds["automatic"].stores.values():
        assert kept.times == 1
