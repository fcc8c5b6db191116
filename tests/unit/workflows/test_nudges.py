"""A nudge is sent when its sender has let go of the lease, and one that met the lease is made up for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rotation.domain.identifiers import RotationId
from rotation.domain.messages import read_delivery, read_rotation
from rotation.domain.rotation import Overlapping, Staged
from rotation.ledger import keys
from rotation.ports.tables import Upsert
from rotation.workflows import rotate
from rotation.workflows.waiting import AT_ONCE, Wait, until_next_look
from tests.fakes.world import World, configure, destination
from tests.unit.workflows.stepping import HOUR, until
from tests.unit.workflows.test_brakes import enrolled


def held(world: World, application: str, key: str) -> bool:
    """Tell whether somebody holds the lease in that row now."""
    row = world.tables.now(keys.ROTATIONS, application, key)
    ends_at = row.values.get("expires_at") if row else None
    return isinstance(ends_at, datetime) and ends_at > world.clock.now()


async def test_no_nudge_is_sent_to_whoever_would_find_the_lease_held_by_its_sender() -> None:
    world = World(configuration=configure(destination("one"), destination("two")))
    early: list[str] = []

    def watch(call: str, arguments: Sequence[Any]) -> None:
        if call != "MemoryQueues.send":
            return
        queue, text = arguments[:2]
        if queue == keys.QUEUE_ROTATIONS:
            rotation = read_rotation(text)
            early.extend([text] if held(world, rotation.application, keys.LEASE) else [])
        if queue == keys.QUEUE_DELIVERIES:
            rotation, name = read_delivery(text)
            line = next(each.line for each in world.rotations() if each.id == rotation)
            early.extend([text] if held(world, rotation.application, keys.holding(line, name)) else [])

    world.watch = watch
    (application,) = await enrolled(world)
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    assert len(world.queues.sent) > 5
    assert early == []


async def waiting(world: World, *, in_: timedelta) -> tuple[RotationId, Wait]:
    rotation = RotationId(world.add_application().object_id, world.ulids.make())
    wakes = world.services().wakes
    etag = await wakes.set(rotation, world.clock.now())
    return rotation, Wait(rotation=rotation, look_at=world.clock.now() + in_, etag=etag)


async def test_a_short_wait_travels_as_a_message_and_a_long_one_in_the_wake_alone() -> None:
    world = World()
    _, short = await waiting(world, in_=timedelta(seconds=30))
    assert await until_next_look(world.services(), short) == timedelta(seconds=30)
    _, over = await waiting(world, in_=timedelta(seconds=-5))
    assert await until_next_look(world.services(), over) == AT_ONCE
    _, long = await waiting(world, in_=HOUR)
    assert await until_next_look(world.services(), long) is None


async def test_a_wake_that_was_set_while_the_lease_was_held_is_answered_when_it_is_let_go() -> None:
    """Whoever set it sent a nudge too, and that one met the lease."""
    world = World()
    rotation, wait = await waiting(world, in_=HOUR)
    await world.services().wakes.set(rotation, world.clock.now())
    assert await until_next_look(world.services(), wait) == AT_ONCE


async def test_a_wake_of_somebody_who_works_on_it_now_is_left_alone() -> None:
    world = World()
    rotation, wait = await waiting(world, in_=timedelta(seconds=5))
    await world.services().wakes.set(rotation, world.clock.now() + world.timing.lease)
    assert await until_next_look(world.services(), wait) is None
    etag = await world.services().wakes.set(rotation, world.clock.now())
    await world.services().wakes.drop(rotation, etag=etag)
    assert await until_next_look(world.services(), wait) is None, "and one that is gone stays gone"


async def test_a_rotation_that_is_woken_in_mid_step_is_stepped_again_at_once() -> None:
    world = World()
    (application,) = await enrolled(world)
    await world.open(application)
    await until(world, Overlapping, within=HOUR)
    rotation = world.rotations()[0].id
    woken: list[str] = []

    def watch(call: str, _arguments: Sequence[Any]) -> None:
        if call == "MemoryDirectory.application" and not woken:
            woken.append(call)
            shard, key = keys.shard(rotation.application), keys.rotation_wake(rotation)
            row = world.tables.now(keys.WAKES, shard, key)
            assert row is not None
            assert row.values["look_at"] == world.clock.now() + world.timing.lease
            world.tables._apply(keys.WAKES, shard, [Upsert(key=key, values={"look_at": world.clock.now()})])

    world.watch = watch
    sent = len(world.queues.sent)
    await rotate.advance(world.services(), rotation)
    assert woken
    (nudge,) = world.queues.sent[sent:]
    assert (read_rotation(nudge.text), nudge.visible_at) == (rotation, world.clock.now())


async def test_a_message_that_comes_twice_brings_no_proof_closer_to_the_one_before() -> None:
    world = World()
    (application,) = await enrolled(world)
    await world.open(application)
    await until(world, Staged, within=HOUR)
    rotation = world.rotations()[0].id
    for _message in range(10):
        await rotate.advance(world.services(), rotation)
    (staged,) = world.rotations()
    assert isinstance(staged.phase, Staged)
    assert staged.phase.sign_ins == 1
