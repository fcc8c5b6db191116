"""Deliveries and the nightly look at them, where what they are about changes under their hands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import Cancelled, Plan, Shipment, Verified
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import DestinationName, KeyId, RotationId
from rotation.domain.policy import Destination, Mode
from rotation.domain.rotation import Closed
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.ledger.scans import Scans
from rotation.workflows import deliver, giving_up, retire_now
from rotation.workflows.scanning import AFTER_NIGHT
from tests.fakes.integrations import Kept, MemoryIntegration
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, put

STORE = DestinationName("store")
RESOURCE = "https://management.example/sites/payments"
SHARED = replace(destination("store"), resource=RESOURCE)
MISSING = "01J00000000000000000000009"


async def overlapping(world: World, *, ends_in: timedelta = 100 * DAY) -> Application:
    application = world.add_application(ends_in=ends_in)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    return application


async def delivered(world: World) -> str:
    rotation = world.rotations()[-1]
    record = await world.record(rotation.id.application)
    return record.deliveries_of(rotation.id.ulid)[STORE].delivery.phase.phase


async def looked(world: World) -> dict[str, int]:
    """Give what the last nightly look counted."""
    scans = await Scans(world.tables).since(world.clock.now() - 3 * DAY)
    last = [scan for scan in scans if scan.passes == AFTER_NIGHT][-1]
    return {name.removeprefix("drift_"): count for name, count in last.counts.items() if count}


async def test_a_delivery_of_no_rotation_is_nobodys() -> None:
    world = World()
    application = world.add_application()
    nobody = RotationId(application.object_id, MISSING)
    await deliver.advance(world.calm(), nobody, STORE)
    await deliver.wake_rotation(world.calm(), nobody)
    assert world.tables.all_rows(keys.WAKES) == []
    with pytest.raises(NotFound, match="there is no rotation"):
        await giving_up._block_delivery(world.calm(), nobody, STORE)


async def test_a_delivery_of_an_ended_rotation_is_cancelled() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["delivering"]
    rotation = world.rotations()[0]
    put(world, replace(rotation, phase=Closed(how="by-person", at=world.clock.now(), publication=rotation.publication)))
    await world.run(2 * HOUR)
    record = await world.record(application.object_id)
    phase = record.deliveries_of(rotation.id.ulid)[STORE].delivery.phase
    assert isinstance(phase, Cancelled)
    assert phase.why == "its rotation has ended"


class Wordless(MemoryIntegration):
    """An assisted kind that has no steps for anybody."""

    async def plan(self, to: Destination, shipment: Shipment, text: SecretText) -> Plan:
        return Plan()


async def test_a_hand_off_without_steps_stops_before_anybody_is_bothered() -> None:
    world = World(configuration=configure(destination("store", "person")))
    world.integrations.kinds["person"] = Wordless("person")
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert await delivered(world) == "blocked"
    assert any("no-hand-off" in item.text for _a, message in world.channel.sent for item in message.items)


# The nightly look.


async def test_a_line_whose_secret_was_handed_over_has_nothing_to_look_at() -> None:
    world = World()
    await world.enrol(world.add_application(ends_in=400 * DAY))
    await world.nights(2)
    assert await looked(world) == {}


def tamper(world: World, application: Application) -> None:
    kept = Kept(KeyId("another"), SecretText("another text"), ulid="0" * 26)
    world.integrations.kinds["automatic"].shelves[(STORE, f"{application.object_id}|{LINE}")] = kept


def while_looking(world: World) -> None:
    """Somebody changes the policy while the destination is asked, hours after it was verified."""
    world.clock.advance(6 * HOUR)

    async def change(_at: Destination) -> None:
        world.change_policy(mode=Mode.MONITOR)

    world.integrations.kinds["automatic"].looking = change


async def test_a_drift_at_a_destination_that_is_not_watched_any_more_is_left() -> None:
    world = World()
    application = await overlapping(world)
    tamper(world, application)
    while_looking(world)
    await world.scan()
    await world.run(HOUR)
    assert (await looked(world))["left"] == 1
    assert await delivered(world) == "verified"
    assert world.stored("store") == "another"


async def test_a_look_that_finds_nothing_out_is_not_noted_where_nobody_watches_any_more() -> None:
    world = World()
    await overlapping(world)
    world.integrations.kinds["automatic"].unsure = True
    while_looking(world)
    await world.scan()
    await world.run(HOUR)
    assert (await looked(world))["unknown"] == 1
    record = await world.record(world.rotations()[0].id.application)
    assert all(holding.unseen_since is None for holding in record.holdings.values())


async def test_our_own_sign_in_is_not_noted_where_nobody_watches_any_more() -> None:
    world = World()
    world.integrations.kinds["automatic"].signs_in = True
    await overlapping(world)
    rotation = world.rotations()[0]
    before = (await world.record(rotation.id.application)).deliveries_of(rotation.id.ulid)[STORE].delivery
    assert isinstance(before.phase, Verified)
    while_looking(world)
    await world.scan()
    await world.run(HOUR)
    after = (await world.record(rotation.id.application)).deliveries_of(rotation.id.ulid)[STORE].delivery
    assert after == before
    assert (await looked(world))["current"] == 1


# Taking turns.


async def test_who_lets_go_in_a_storm_costs_the_others_no_more_than_the_lease() -> None:
    """The list of those who wait cannot be read: they come when the lease has ended."""
    world = World(configuration=configure(SHARED))
    application = world.add_application()
    await world.enrol(application)
    held = 0

    def watch(call: str, arguments: object) -> None:
        nonlocal held
        released = call == "MemoryTables.commit" and arguments[0] == keys.LEASES and arguments[1] == "automatic"  # type: ignore[index]
        held += released
        if released and held > 1:
            world.tables.mishaps.plan("commit", Mishap.UNAVAILABLE)

    world.watch = watch
    await world.open(application)
    await world.run(HOUR)
    assert held > 1
    assert world.phases() == ["overlapping"]


# An operator's word.


async def test_a_preview_of_a_retirement_names_what_is_missing_and_what_holds() -> None:
    world = World()
    application = await overlapping(world)
    current = (await world.line(application)).current
    assert current is not None
    world.directory.drop_secret(application.object_id, current)
    world.change_policy(mode=Mode.MONITOR)
    seen = await retire_now.preview(world.calm(), world.rotations()[0].id)
    assert "(e) missing: the directory does not list the successor" in seen.keys[0].missing
    assert seen.brake == "policy ours says monitor"


async def test_a_destination_that_never_answers_stops_past_its_deadline() -> None:
    world = World()
    await world.enrol(world.add_application(ends_in=20 * DAY))
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.LOST_BEFORE)
    await world.scan()
    await world.run(DAY)
    assert await delivered(world) in {"pending", "sent"}
    await world.run(HOUR)
    assert await delivered(world) == "blocked"
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.nights(1)
    assert await delivered(world) == "verified"
