"""Overlapping, a step at a time: destinations that left, and a hand-off that usage confirms."""

from datetime import timedelta

from rotation.domain.delivery import AwaitingPerson, Cancelled, Found, Level, Verdict, Verified
from rotation.domain.rotation import Delivering, Overlapping
from rotation.domain.use import Use
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ports.tables import Upsert
from rotation.workflows.phases import overlapping
from tests.fakes.world import World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, step_of
from tests.unit.workflows.test_removal_corners import told

FIRST, SECOND, THIRD = (destination(name) for name in ("alpha", "beta", "gamma"))
PORTAL = destination("portal", "person")


async def test_what_left_is_cancelled_with_its_reason_and_the_others_stay() -> None:
    world = World(configuration=configure(FIRST, SECOND, THIRD))
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    world.name_destinations(FIRST)
    async with step_of(world) as step:
        await overlapping.carry(step)
        stored = step.record.deliveries_of(step.rotation.id.ulid)
        phases = {str(name): each.delivery.phase for name, each in stored.items()}
    assert isinstance(phases["alpha"], Verified)
    left = Cancelled(why="no longer configured", at=world.clock.now())
    assert (phases["beta"], phases["gamma"]) == (left, left)
    assert [each["destination"] for each in told(world, "destination.left")] == ["beta", "gamma"]
    async with step_of(world) as step:
        await overlapping.carry(step)
    assert len(told(world, "destination.left")) == 2, "told once"


async def handed_over(*more: str) -> World:
    world = World(configuration=configure(PORTAL, *(destination(name, "person") for name in more)))
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["delivering"]
    return world


def used(world: World) -> Use:
    """Let the new key id have signed in at somebody's."""
    rotation = world.rotations()[0]
    assert rotation.minted is not None
    at = world.clock.now() - timedelta(minutes=1)
    use = Use(last_used_at=at, confirmed_at=at)
    row = Upsert(key=keys.use(rotation.minted.key_id), values=ledger.use_columns(use))
    world.tables._apply(keys.ROTATIONS, rotation.id.application, [row])
    return use


async def test_a_hand_off_is_confirmed_by_use_of_the_new_key_where_one_place_is_meant() -> None:
    world = await handed_over()
    async with step_of(world) as step:
        await overlapping.wait_for_deliveries(step)
        assert isinstance(step.rotation.phase, Delivering), "nobody has used it yet"
    used(world)
    async with step_of(world) as step:
        await overlapping.wait_for_deliveries(step)
        assert isinstance(step.rotation.phase, Overlapping)
        (stored,) = step.record.deliveries_of(step.rotation.id.ulid).values()
    verdict = Verdict(found=Found.CURRENT, level=Level.IN_USE, why="its new key id signs in")
    assert stored.delivery.phase == Verified(verdict=verdict, at=world.clock.now())
    assert stored.delivery.first_verified_at == world.clock.now()
    assert [each["destination"] for each in told(world, "delivery.in-use")] == ["portal"]


async def test_of_two_places_nobody_knows_which_one_was_used() -> None:
    world = await handed_over("other")
    used(world)
    async with step_of(world) as step:
        await overlapping.wait_for_deliveries(step)
        waiting = [each.delivery.phase for each in step.record.deliveries_of(step.rotation.id.ulid).values()]
    assert [isinstance(phase, AwaitingPerson) for phase in waiting] == [True, True]
    assert told(world, "delivery.in-use") == []
