"""One delivery at one destination: what is activated, cleaned up, noted and cut, whatever dies in between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.capability import Activation
from rotation.domain.delivery import Delivery, DeliveryBlocked
from rotation.domain.identifiers import KeyId
from rotation.domain.policy import Destination, Mode
from rotation.domain.secret import SecretText
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import own_sign_ins
from rotation.workflows import deliver
from rotation.workflows.operating import retry
from tests.fakes.integrations import Kept, MemoryIntegration
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, World, configure, destination

STORE = destination("store")
HOUR = timedelta(hours=1)


def kind_of(world: World, kind: str = "automatic") -> MemoryIntegration:
    return world.integrations.kinds[kind]


async def rotate(
    *points: int, place: Destination = STORE, prepare: Callable[[World], None] = lambda _world: None
) -> World:
    world = World(configuration=configure(place))
    await world.enrol(world.add_application(ends_in=timedelta(days=58)))
    prepare(world)
    world.crash_at(*points)
    await world.scan()
    await world.run(3 * HOUR)
    return world


async def delivery(world: World) -> Delivery:
    (rotation,) = world.rotations()
    record = await world.record(rotation.id.application)
    (stored,) = record.deliveries.values()
    return stored.delivery


def explicit(world: World) -> None:
    kind_of(world).activation = Activation.EXPLICIT


async def test_what_needs_it_is_activated_once_wherever_the_step_dies() -> None:
    """Twice only where it died after it was activated, and before that was noted."""
    trace = (await rotate(prepare=explicit)).plan.trace
    delivered, activated = trace.index("MemoryIntegration.deliver"), trace.index("MemoryIntegration.activate")
    noted = trace.index("MemoryTables.commit", activated)
    last = trace.index("MemoryIntegration.cleanup")
    for point in range(2 * delivered, 2 * last + 4):
        world = await rotate(point, prepare=explicit)
        assert (await delivery(world)).phase.phase == "verified", (point, world.crashes)
        doubtful = 2 * activated + 1 <= point <= 2 * noted
        assert kind_of(world).activated == {"store": 2 if doubtful else 1}, (point, world.crashes)
        sent_again = 2 * delivered + 1 <= point <= 2 * trace.index("MemoryTables.commit", delivered)
        assert kind_of(world).stores[STORE.name].times == (2 if sent_again else 1), (point, world.crashes)


async def test_an_activation_under_way_is_asked_after_and_nothing_is_sent_again() -> None:
    def slow(world: World) -> None:
        explicit(world)
        kind_of(world).mishaps.plan("activate", Mishap.UNAVAILABLE, Mishap.UNAVAILABLE, Mishap.THROTTLED)

    world = await rotate(prepare=slow)
    assert (await delivery(world)).phase.phase == "verified"
    assert kind_of(world).activated == {"store": 1}
    assert kind_of(world).stores[STORE.name].times == 1


async def test_an_activation_whose_answer_is_lost_is_made_again() -> None:
    def lost(world: World) -> None:
        explicit(world)
        kind_of(world).mishaps.plan("activate", Mishap.LOST_AFTER)

    world = await rotate(prepare=lost)
    assert (await delivery(world)).phase.phase == "verified"
    assert kind_of(world).activated == {"store": 2}


async def test_a_pause_between_sending_and_activating_holds_the_activation() -> None:
    world = World(configuration=configure(STORE))
    explicit(world)
    kind_of(world).mishaps.always("activate", Mishap.UNAVAILABLE)
    await world.enrol(world.add_application(ends_in=timedelta(days=58)))
    await world.scan()
    await world.run(timedelta(minutes=20))
    assert (await delivery(world)).phase.phase == "sent"
    world.change_policy(mode=Mode.MONITOR)
    kind_of(world).mishaps.always("activate", None)
    await world.run(2 * HOUR)
    assert kind_of(world).activated == {}
    world.change_policy(mode=Mode.ROTATE)
    await world.run(2 * HOUR)
    assert kind_of(world).activated == {"store": 1}


async def test_a_cleanup_that_does_not_work_now_is_tried_again_and_nothing_is_sent_twice() -> None:
    def littering(world: World) -> None:
        kind_of(world).mishaps.plan("cleanup", Mishap.UNAVAILABLE, Mishap.LOST_BEFORE)

    world = await rotate(prepare=littering)
    assert (await delivery(world)).phase.phase == "verified"
    assert kind_of(world).cleaned == {"store": 1}
    assert kind_of(world).stores[STORE.name].times == 1


async def test_a_cleanup_that_is_refused_stops_the_delivery_until_a_person_has_looked() -> None:
    """What lies about there may be a copy of the secret."""

    def refused(world: World) -> None:
        kind_of(world).mishaps.always("cleanup", Mishap.DENIED)

    world = await rotate(prepare=refused)
    phase = (await delivery(world)).phase
    assert isinstance(phase, DeliveryBlocked)
    assert phase.reason == "access-denied"
    kind_of(world).mishaps.always("cleanup", None)
    await retry(world.services(), world.rotations()[0].id, by="anna")
    await world.run(HOUR)
    assert (await delivery(world)).phase.phase == "verified"
    assert kind_of(world).stores[STORE.name].times == 1


async def test_our_own_sign_in_is_noted_also_where_it_found_something_older() -> None:
    def older(world: World) -> None:
        kind = kind_of(world)
        kind.signs_in = True
        (object_id,) = world.directory._records
        shelf = (STORE.name, f"{object_id}|{LINE}")
        kind.shelves[shelf] = Kept(KeyId("old"), SecretText("an old text"), ulid="0" * 26)
        kind.mishaps.always("deliver", Mishap.UNAVAILABLE)

    world = await rotate(prepare=older)
    found = await delivery(world)
    assert found.phase.phase == "pending"
    assert found.own_sign_in_at is not None
    record = await world.record(world.rotations()[0].id.application)
    ours = own_sign_ins(record, found.key_id)
    assert ours is not None
    assert ours.last == found.own_sign_in_at, "a look of ours is not use"


async def test_the_line_is_read_again_right_before_the_value_leaves() -> None:
    """Another secret is published while the destination is looked at: the older one is not sent."""

    world = await rotate(prepare=lambda before: kind_of(before).mishaps.always("verify", Mishap.UNAVAILABLE))
    assert (await delivery(world)).phase.phase == "pending"
    (rotation,) = world.rotations()

    async def publish(_at: Destination) -> None:
        record = await world.record(rotation.id.application)
        newer = replace(record.lines[LINE], current=KeyId("newer"))
        await world.tables.commit(keys.ROTATIONS, record.application, [ledger.put_line(newer)])

    kind_of(world).mishaps.always("verify", None)
    kind_of(world).looking = publish
    await deliver.advance(world.services(), rotation.id, STORE.name)
    assert (await delivery(world)).phase.phase == "cancelled"
    assert kind_of(world).stores == {}


@pytest.mark.parametrize("mode", ["none", "explicit"])
async def test_a_call_that_hangs_is_cut_and_the_delivery_goes_on_when_it_answers(mode: str) -> None:
    world = World(configuration=configure(STORE))
    world.timing = replace(world.timing, destination_call=timedelta(milliseconds=300))
    kind_of(world).activation = Activation(mode)
    kind_of(world).hung.add(STORE.name)
    await world.enrol(world.add_application(ends_in=timedelta(days=58)))
    await world.scan()
    await world.run(timedelta(minutes=3))
    assert (await delivery(world)).phase.phase == "pending"
    kind_of(world).hung.clear()
    await world.run(HOUR)
    assert (await delivery(world)).phase.phase == "verified"


async def test_what_people_and_nights_noted_of_a_destination_outlives_a_delivery() -> None:
    world = await rotate()
    record = await world.record(world.rotations()[0].id.application)
    holding = record.holdings[LINE, STORE.name]
    assert (holding.version, holding.healed_version, holding.pinned) == ((await delivery(world)).version, None, None)
