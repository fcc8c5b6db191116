"""Two destinations of one resource that is only written whole: no value is lost, whoever dies, stalls or comes late."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.errors import LeaseHeld, Retryable, StaleRecord, Superseded
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.policy import Destination
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Place
from rotation.ledger.turns import WAITING_LIMIT, Turn, wait
from rotation.workflows import deliver
from tests.crash.driving import EVERYTHING, NIGHT, check, stride
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishap
from tests.fakes.tables import MemoryTables
from tests.fakes.world import World, configure, destination

RESOURCE = "https://management.example/sites/payments"
FIRST, SECOND = (replace(destination(name), resource=RESOURCE) for name in ("first", "second"))
LEASE = timedelta(minutes=2)
PLACE = Place(table=keys.LEASES, partition="automatic", key=keys.resource(RESOURCE))
DISTANCES = range(1, 40, 3) if EVERYTHING else (3, 11)


async def on_the_way(*destinations: Destination) -> tuple[World, RotationId]:
    """Rotate until nothing but the deliveries is left to do, and nobody was nudged for them."""
    world = World(configuration=configure(*(destinations or (FIRST, SECOND))))
    await world.enrol(world.add_application())
    world.integrations.kinds["automatic"].mishaps.always("verify", Mishap.UNAVAILABLE)
    await world.scan()
    await world.run(timedelta(minutes=5))
    world.integrations.kinds["automatic"].mishaps.always("verify", None)
    assert world.phases() == ["delivering"]
    world.clock.advance(LEASE)
    return world, world.rotations()[0].id


async def go(world: World, rotation: RotationId, name: str) -> None:
    """Let a process of its own take a step of a delivery, as the boundary lets it end."""
    try:
        await deliver.advance(world.services(), rotation, DestinationName(name))
    except (Retryable, Superseded):
        world.boundary += 1


def held(world: World) -> set[str]:
    return set(world.integrations.kinds["automatic"].stores)


def waiting(world: World) -> str:
    (row,) = [row for row in world.tables.all_rows(keys.LEASES) if row.partition == "automatic"]
    return str(row.values.get("waiting", ""))


class Stall:
    """Holds the first that comes between reading and writing, until told to go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, _to: Destination) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()


async def test_without_a_turn_a_value_is_lost() -> None:
    """The fake bites: the same two deliveries under leases of two resources lose one of the values."""
    world, rotation = await on_the_way(FIRST, replace(SECOND, resource="another"))
    stall = world.integrations.kinds["automatic"].between = Stall()
    slow = asyncio.create_task(go(world, rotation, "first"))
    await stall.reached.wait()
    await go(world, rotation, "second")
    assert held(world) == {"second"}
    stall.go_on.set()
    await slow
    assert held(world) == {"first"}


async def test_who_comes_second_waits_and_is_called_by_who_lets_go() -> None:
    world, rotation = await on_the_way()
    stall = world.integrations.kinds["automatic"].between = Stall()
    slow = asyncio.create_task(go(world, rotation, "first"))
    await stall.reached.wait()
    await go(world, rotation, "second")
    await go(world, rotation, "second")
    assert held(world) == set()
    assert waiting(world).count("|second") == 1
    world.queues.waiting.clear()  # its own come later, and what was left from before
    stall.go_on.set()
    await slow
    assert waiting(world) == "", "who let go took the list along"
    await world.run(timedelta(seconds=1))
    assert held(world) == {"first", "second"}
    await world.run(NIGHT)
    await check(world)
    assert [kept.times for kept in world.integrations.kinds["automatic"].stores.values()] == [1, 1]


async def test_waiting_for_a_turn_is_no_failed_try() -> None:
    world, rotation = await on_the_way()
    await Turn.take(world.tables, PLACE, claim=claim("somebody", length=timedelta(days=3)), now=world.clock.now())
    before = (await world.record(rotation.application)).deliveries_of(rotation.ulid)
    await world.run(timedelta(days=2))
    after = (await world.record(rotation.application)).deliveries_of(rotation.ulid)
    for name, stored in after.items():
        assert stored.delivery.phase.phase == "pending"
        assert stored.delivery.tries == before[name].delivery.tries
    await world.run(timedelta(days=2))
    assert world.phases() == ["overlapping"]
    assert held(world) == {"first", "second"}


async def test_a_holder_that_died_is_waited_for_no_longer_than_its_lease() -> None:
    world, rotation = await on_the_way()
    dead = await Turn.take(world.tables, PLACE, claim=claim("dead"), now=world.clock.now())
    await go(world, rotation, "first")
    await go(world, rotation, "second")
    assert (waiting(world).count("|first"), waiting(world).count("|second")) == (1, 1)
    await world.run(LEASE - timedelta(seconds=1))
    assert held(world) == set()
    await world.run(timedelta(minutes=1, seconds=2))
    assert held(world) == {"first", "second"}
    assert await dead.hand_on(world.clock.now()) == ()


async def test_a_holder_that_wakes_after_its_lease_does_not_write() -> None:
    """It took its turn and fell asleep; the other one wrote; what it had read is worth nothing any more."""
    world, rotation = await on_the_way()
    late = world.services()
    asleep, awake = asyncio.Event(), asyncio.Event()
    take = Turn.take

    async def slow(*args: object, **named: object) -> Turn:
        turn = await take(*args, **named)  # type: ignore[arg-type]
        asleep.set()
        await awake.wait()
        return turn

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turn, "take", slow)
        task = asyncio.create_task(deliver.advance(late, rotation, DestinationName("first")))
        await asleep.wait()
    world.clock.advance(LEASE + timedelta(seconds=1))
    await go(world, rotation, "second")
    assert held(world) == {"second"}
    fresh = await Turn.take(world.tables, PLACE, claim=claim("fresh"), now=world.clock.now())
    awake.set()
    with pytest.raises(Superseded):
        await task
    assert held(world) == {"second"}
    await fresh.ready(world.clock.now())
    await fresh.hand_on(world.clock.now())
    await world.run(NIGHT)
    await check(world)
    assert held(world) == {"first", "second"}


def claim(token: str, *, length: timedelta = LEASE) -> Claim:
    return Claim(owner=token, token=token, length=length)


class TestTheRow:
    """The lease itself, over the fake of the tables."""

    def setup_method(self) -> None:
        self.clock, self.tables = MovableClock(), MemoryTables()

    async def take(self, token: str) -> Turn:
        return await Turn.take(self.tables, PLACE, claim=claim(token), now=self.clock.now())

    async def wait(self, name: str) -> bool:
        return await wait(self.tables, PLACE, name, now=self.clock.now())

    async def test_a_name_in_the_row_takes_nothing_from_its_holder(self) -> None:
        turn = await self.take("a")
        assert await self.wait("one")
        self.clock.advance(LEASE - timedelta(seconds=1))
        await turn.ready(self.clock.now())
        assert await self.wait("two")
        with pytest.raises(LeaseHeld):
            await self.take("b")
        assert await turn.hand_on(self.clock.now()) == ("one", "two")
        assert await (await self.take("b")).hand_on(self.clock.now()) == ()

    async def test_the_list_is_bounded_and_names_stand_once(self) -> None:
        turn = await self.take("a")
        for number in [*range(WAITING_LIMIT + 5), 0, 1]:
            assert await self.wait(f"name-{number}")
        assert await turn.hand_on(self.clock.now()) == tuple(f"name-{number}" for number in range(WAITING_LIMIT))

    async def test_who_takes_over_from_a_dead_holder_takes_its_list_too(self) -> None:
        dead = await self.take("a")
        await self.wait("one")
        self.clock.advance(LEASE + timedelta(seconds=1))
        heir = await self.take("b")
        with pytest.raises(StaleRecord):
            await dead.ready(self.clock.now())
        assert await dead.hand_on(self.clock.now()) == ()
        assert await heir.hand_on(self.clock.now()) == ("one",)

    async def test_nobody_waits_for_what_is_free(self) -> None:
        assert not await self.wait("one")
        turn = await self.take("a")
        await turn.hand_on(self.clock.now())
        assert not await self.wait("one")
        await self.take("b")
        self.clock.advance(LEASE)
        assert not await self.wait("one")

    @pytest.mark.parametrize("mishap", [Mishap.LOST_AFTER, Mishap.REPEATED])
    async def test_a_write_whose_answer_was_lost_or_repeated_is_ours(self, mishap: Mishap) -> None:
        self.tables.mishaps.plan("commit", mishap)
        turn = await self.take("a")
        self.tables.mishaps.plan("commit", mishap)
        self.clock.advance(LEASE - timedelta(seconds=1))
        await turn.ready(self.clock.now())
        await self.wait("one")
        self.tables.mishaps.plan("commit", mishap)
        assert await turn.hand_on(self.clock.now()) == ("one",)
        await self.take("b")

    async def test_many_names_at_once_all_find_their_place(self) -> None:
        turn = await self.take("a")
        names = [f"name-{number}" for number in range(WAITING_LIMIT)]
        assert all(await asyncio.gather(*map(self.wait, names)))
        assert set(await turn.hand_on(self.clock.now())) == set(names)

    async def test_two_that_take_at_once_do_not_both_hold_it(self) -> None:
        taken = await asyncio.gather(self.take("a"), self.take("b"), return_exceptions=True)
        assert len([each for each in taken if isinstance(each, Turn)]) == 1


async def until_delivered(*points: int) -> World:
    world = World(configuration=configure(FIRST, SECOND))
    await world.enrol(world.add_application())
    world.crash_at(*points)
    await world.scan()
    await world.run(NIGHT)
    if not world.rotations():
        await world.run(timedelta(days=1) - NIGHT)
        await world.scan()
        await world.run(NIGHT)
    return world


async def test_every_crash_with_a_shared_resource_converges() -> None:
    undisturbed = await until_delivered()
    begun = next(place for place, call in enumerate(undisturbed.plan.trace) if call == "MemoryIntegration.verify")
    for point in range(2 * begun, undisturbed.plan.points, stride(5)):
        world = await until_delivered(point)
        assert world.crashes, point
        await check(world)
        assert held(world) == {"first", "second"}, point


@pytest.mark.parametrize("distance", DISTANCES)
async def test_a_crash_whose_recovery_crashes_too_converges(distance: int) -> None:
    undisturbed = await until_delivered()
    begun = next(place for place, call in enumerate(undisturbed.plan.trace) if call == "MemoryIntegration.deliver")
    for point in range(2 * begun - 12, 2 * begun + 40, stride(6)):
        world = await until_delivered(point, point + distance)
        await check(world)
        assert held(world) == {"first", "second"}, (point, distance)
