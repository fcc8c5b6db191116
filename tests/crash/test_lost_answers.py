"""Answers that are lost, repeated, late or out of order: the outcome is as if each had come once (invariant 8)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from rotation.domain.errors import Retryable, Superseded
from rotation.ports.directory import MintedCredential, MintRequest
from rotation.workflows import rotate
from rotation.workflows.recovering import recover
from tests.crash.driving import NIGHT, check, stride, until_overlapping
from tests.fakes.mishaps import Mishap, Mishaps
from tests.fakes.world import VAULT, World, configure, destination

PORTS: dict[str, Callable[[World], tuple[Mishaps, str]]] = {
    "tables.commit": lambda world: (world.tables.mishaps, "commit"),
    "vault.write": lambda world: (world.vaults.memory(VAULT).mishaps, "write"),
    "vault.disable": lambda world: (world.vaults.memory(VAULT).mishaps, "disable"),
    "directory.mint": lambda world: (world.directory.mishaps, "mint"),
    "directory.remove": lambda world: (world.directory.mishaps, "remove"),
    "queues.send": lambda world: (world.queues.mishaps, "send"),
    "integration.deliver": lambda world: (world.integrations.kinds["automatic"].mishaps, "deliver"),
    "sign_in.prove": lambda world: (world.sign_in.mishaps, "prove"),
}
MISHAPS = (Mishap.LOST_BEFORE, Mishap.LOST_AFTER, Mishap.REPEATED, Mishap.THROTTLED)
SENT_ONCE = ("directory.mint", Mishap.REPEATED)
"""The adapter sends addPassword with the SDK's own retries off (platform.md A3)."""
STRIKES = [(port, mishap) for port in sorted(PORTS) for mishap in MISHAPS if (port, mishap) != SENT_ONCE]
CALLS = {"tables.commit": 60, "queues.send": 12, "sign_in.prove": 5, "vault.write": 3}


async def ready() -> World:
    world = World(configuration=configure(destination("store"), destination("second")))
    await world.enrol(world.add_application())
    return world


async def night(world: World) -> None:
    await world.scan()
    await world.run(NIGHT)
    if not world.rotations():
        await world.run(timedelta(days=1) - NIGHT)
        await world.scan()
        await world.run(NIGHT)


@pytest.mark.parametrize(("port", "mishap"), STRIKES)
async def test_one_answer_lost_at_every_mutating_call_converges(port: str, mishap: Mishap) -> None:
    for call in range(0, CALLS.get(port, 2), stride(4) if port == "tables.commit" else 1):
        world = await ready()
        mishaps, method = PORTS[port](world)
        mishaps.plan(method, *[None] * call, mishap)
        await night(world)
        await check(world)


@pytest.mark.parametrize("method", ["get", "query"])
async def test_one_read_of_the_ledger_that_fails_costs_no_more_than_time(method: str) -> None:
    for call in range(0, 60, stride(6)):
        world = await ready()
        world.tables.mishaps.plan(method, *[None] * call, Mishap.UNAVAILABLE)
        await night(world)
        await check(world)


async def test_every_commit_answered_twice_by_the_sdk_converges() -> None:
    """azure-core sends a transaction again after a 500; StaleRecord is then the answer to our own change."""
    world = await ready()
    await world.scan()
    world.tables.mishaps.always("commit", Mishap.REPEATED)
    await world.run(NIGHT)
    world.tables.mishaps.always("commit", None)
    await world.run(NIGHT)
    await check(world)


async def test_messages_that_come_twice_and_shuffled_do_nothing_twice() -> None:
    world = await ready()
    world.queues.times, world.queues.shuffled = 3, True
    await night(world)
    await check(world)
    assert len(world.directory.minted) == 1
    assert [kept.times for kept in world.integrations.kinds["automatic"].stores.values()] == [1, 1]


async def test_messages_that_are_all_lost_cost_time_and_no_rotation() -> None:
    """The wakes say what to look at; only the scan's own message is let through here."""
    world = await ready()
    await world.scan()
    world.queues.loses = True
    await world.run(timedelta(hours=1))
    world.queues.loses = False
    await world.run(NIGHT)
    await check(world)


@pytest.mark.parametrize("seed", range(8))
async def test_reads_that_lag_and_go_back_and_forth_decide_nothing_wrong(seed: int) -> None:
    """For twenty seconds after each write any read may tell the state before it."""
    world = await ready()
    world.directory.read_lag = timedelta(seconds=20)
    world.sign_in.lag = timedelta(seconds=30)
    for _draw in range(seed):
        world.directory.staleness()
    world.directory.mishaps.plan("mint", (None, Mishap.LOST_AFTER, Mishap.LOST_BEFORE)[seed % 3])
    await night(world)
    await check(world)
    await world.nights(2)
    (rotation,) = world.rotations()
    application = world.directory.truth(rotation.id.application)
    assert [s.key_id for s in application.secrets if s.marker] == list(rotation.adopted)


async def step(world: World) -> None:
    """Let a fresh process take a step of the newest rotation, as the boundary lets it end."""
    try:
        await rotate.advance(world.services(), world.rotations()[-1].id)
    except (Retryable, Superseded):
        return


async def test_two_workers_at_one_rotation_make_one_of_everything() -> None:
    world = await ready()
    (application,) = [record.now for record in world.directory._records.values()]
    await world.open(application)
    for _turn in range(60):
        await asyncio.gather(step(world), step(world), recover(world.services()))
        world.clock.advance(timedelta(seconds=20))
        await world.run(timedelta(seconds=1))
    await world.run(timedelta(hours=1))
    await check(world)
    assert len(world.directory.minted) == 1
    assert world.directory.conflicts == []


async def test_a_worker_that_sleeps_past_its_lease_changes_nothing_when_it_wakes() -> None:
    """It stalls inside addPassword; somebody else takes over; its own write is refused, its credential goes."""
    world = await ready()
    (application,) = [record.now for record in world.directory._records.values()]
    await world.open(application)
    late = world.services()
    asleep, awake = asyncio.Event(), asyncio.Event()
    mint = world.directory.mint

    async def slow(request: MintRequest) -> MintedCredential:
        made = await mint(request)
        asleep.set()
        await awake.wait()
        return made

    world.directory.mint = slow  # type: ignore[method-assign]
    task = asyncio.create_task(rotate.advance(late, world.rotations()[-1].id))
    await asleep.wait()
    world.directory.mint = mint  # type: ignore[method-assign]
    world.directory._records[application.object_id].writing = False  # the service has long answered
    world.clock.advance(timedelta(minutes=3))
    await world.run(timedelta(minutes=20))
    awake.set()
    with pytest.raises(Superseded):
        await task
    await world.run(NIGHT)
    await world.nights(2)
    await check(world)
    (rotation,) = world.rotations()
    truth = world.directory.truth(application.object_id)
    assert [secret.key_id for secret in truth.secrets if secret.marker] == list(rotation.adopted)


async def test_the_undisturbed_rotation_is_what_all_others_are_compared_with() -> None:
    world = await until_overlapping()
    await check(world)
    assert world.directory.removed == []
    assert len(world.directory.minted) == 1
