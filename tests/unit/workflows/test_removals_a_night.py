"""How many may be removed in a night, asked a step at a time: before a removal is said, and where it is counted."""

from dataclasses import replace
from datetime import datetime

import pytest

from rotation.domain.brakes import Night, NightState, RampCount
from rotation.domain.policy import Ramp
from rotation.workflows.phases import overlapping, retiring
from tests.fakes.world import World
from tests.unit.workflows.stepping import DAY, HOUR, put, step_of
from tests.unit.workflows.test_removal_corners import SHUT
from tests.unit.workflows.test_removal_corners import overlapping as waiting

TWO = Ramp(opened_per_night=10, open_at_once=10, removed_per_night=2)
NONE = replace(TWO, removed_per_night=0)
TONIGHT = "01KJP4DZV00000000000000001"


async def counted(removed: int, *, night: str = TONIGHT, enrolled: int = 30) -> World:
    """Let that many have been removed tonight, or in the night named, and the first line be that many days old."""
    world = await waiting()
    world.settings.now = replace(
        world.settings.now, limits=replace(world.settings.now.limits, usual=TWO, first_week=NONE)
    )
    put(world, replace(world.rotations()[0], urgent=False))
    control = world.calm().control
    await control.beginning.change(lambda one: replace(one, first_enrolled_at=world.clock.now() - enrolled * DAY))
    tonight = Night(scan=TONIGHT, began_at=world.clock.now(), state=NightState.DONE)
    await control.night.change(lambda _before: tonight)
    await control.ramp.change(lambda _before: RampCount(night=night, opened=1, removed=removed))
    return world


async def brake(world: World) -> datetime | None:
    async with step_of(world) as step:
        return await overlapping._removal_brake(step, step.rotation.predecessors[0])


async def grant(world: World) -> bool:
    async with step_of(world) as step:
        return await retiring._counted(step)


async def removed(world: World) -> int:
    return (await world.calm().control.ramp.read()).removed


@pytest.mark.parametrize(("before", "goes"), [(0, True), (1, True), (2, False), (3, False)])
async def test_so_many_a_night_and_no_more(*, before: int, goes: bool) -> None:
    world = await counted(before)
    assert await brake(world) == (None if goes else world.clock.now() + HOUR)
    assert await grant(world) is goes
    assert await removed(world) == before + goes, "what is not granted is not counted"


async def test_another_night_begins_anew() -> None:
    world = await counted(2, night="another")
    assert await brake(world) is None
    assert await grant(world)
    assert await removed(world) == 1
    assert await grant(world)
    assert not await grant(world)


async def test_the_first_week_has_a_ramp_of_its_own() -> None:
    world = await counted(0, enrolled=3)
    assert await brake(world) == world.clock.now() + HOUR
    assert not await grant(world)
    assert await removed(world) == 0


@pytest.mark.parametrize("why", ["window", "breaker"])
async def test_window_and_breaker_hold_for_an_hour_at_a_time(why: str) -> None:
    world = await counted(0)
    if why == "window":
        world.change_policy(window=SHUT)
    else:
        await world.calm().control.breaker.change(lambda breaker: replace(breaker, open_reason="vault-refused"))
    assert await brake(world) == world.clock.now() + HOUR
    assert not await grant(world)
