"""Take one step of a rotation in hand, to look at a phase from close by."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from rotation.domain.rotation import Phase, Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.workflows import rotate
from rotation.workflows.step import Step
from tests.fakes.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@asynccontextmanager
async def step_of(world: World, place: int = -1) -> AsyncIterator[Step]:
    """Hold the newest rotation, or another one, as its worker does."""
    services, rotation = world.calm(), world.rotations()[place]
    fence = await rotate.take_application(services, rotation.id)
    record = await ledger.read(services.tables, rotation.id.application)
    yield Step(
        services=services,
        fence=fence,
        record=record,
        rotation=record.rotations[rotation.id.ulid],
        configuration=world.settings.now,
    )
    await fence.release(services.clock.now())


def put(world: World, rotation: Rotation) -> None:
    """Let the ledger say something else of a rotation."""
    world.tables._apply(keys.ROTATIONS, rotation.id.application, [ledger.put_rotation(rotation)])


async def until(world: World, phase: type[Phase], *, within: timedelta = DAY) -> None:
    """Let the newest rotation get to a phase."""
    end = world.clock.now() + within
    while not isinstance(world.rotations()[-1].phase, phase):
        assert world.clock.now() < end, world.rotations()[-1].phase
        await world.run(timedelta(seconds=10))


def when(world: World, call: str, act: Any, *, times: int = 1) -> list[Sequence[Any]]:
    """Do something right before a call is sent, the first *times* times; gives the arguments of each."""
    seen: list[Sequence[Any]] = []

    def watch(sent: str, arguments: Sequence[Any]) -> None:
        if sent == call and len(seen) < times:
            seen.append(arguments)
            act()

    world.watch = watch
    return seen
