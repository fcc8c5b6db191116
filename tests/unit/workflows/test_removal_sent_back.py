"""Removals that stop because the successor does not work: seldom tried, told once, shown, and no outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.line import RetireOrder
from rotation.domain.policy import Retire
from rotation.domain.rotation import Overlapping, Phase, Retiring
from rotation.workflows.phases import overlapping as overlapping_phase
from rotation.workflows.phases import retiring
from rotation.workflows.step import Step
from tests.fakes.world import World
from tests.unit.workflows.stepping import DAY, HOUR, step_of
from tests.unit.workflows.test_removal_corners import UNKNOWN_SP, overlapping, told


async def ready_for_removal() -> World:
    """Let evidence be there for a removal, and the successor not sign in."""
    world = await overlapping(overlap=timedelta(0), quiet=timedelta(0), retire=Retire.AFTER_OVERLAP)
    world.use_sources(report=False)
    world.sign_in.unprovable[world.rotations()[0].client_id] = UNKNOWN_SP
    return world


def standing(step: Step) -> Phase:
    """Give its phase as it is now; read through a call, for a step changes it."""
    return step.rotation.phase


def removals_told(world: World) -> list[str]:
    return [title for title in world.titles() if "cannot be removed" in title]


async def test_a_successor_that_does_not_sign_in_is_asked_daily_told_of_once_and_shown() -> None:
    world = await ready_for_removal()
    (rotation,) = world.rotations()
    (old,) = rotation.predecessors
    await world.nights(10)
    assert 9 <= len(told(world, "retiring.key")) <= 11
    assert len(told(world, "retiring.stopped")) == len(told(world, "retiring.key"))
    why = "the successor does not sign in (Unprovable(code=7000112))"
    said = f"the old secret cannot be removed, because the new one does not work: {why}"
    assert removals_told(world) == [f"{rotation.application_name}: {said}"]
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Overlapping)
    assert rotation.phase.missing == {old: (f"(e) missing: {why}",)}
    assert world.directory.removed == []
    world.sign_in.unprovable.clear()
    await world.nights(2)
    assert [key_id for _application, key_id in world.directory.removed] == [old]


async def test_who_is_woken_meanwhile_does_not_sign_in_again_before_a_day_has_passed() -> None:
    world = await ready_for_removal()
    async with step_of(world) as step:
        await overlapping_phase.carry(step)
        world.clock.advance(HOUR)
        again = await retiring.carry(step)
        shown = standing(step)
        assert isinstance(shown, Overlapping)
        world.clock.advance(HOUR)
        assert await overlapping_phase.carry(step) == again
        assert isinstance(standing(step), Overlapping)
        assert standing(step) == replace(shown, asked_at=world.clock.now()), "what lacks stays shown"
        world.clock.advance(DAY)
        await overlapping_phase.carry(step)
        assert isinstance(standing(step), Retiring)
    assert len(told(world, "retiring.stopped")) == 1


async def test_a_burnt_secret_whose_successor_does_not_sign_in_is_tried_soon_then_each_hour() -> None:
    """A replica of the sign-in service may only not know it yet."""
    world = await ready_for_removal()
    spacing, waited = world.timing.look_spacing, []
    async with step_of(world) as step:
        held = step.line.key(step.rotation.predecessors[0])
        assert held is not None
        await step.save(line=step.line.marked(replace(held, burnt=True)))
        for _time in range(9):
            await overlapping_phase.carry(step)
            world.clock.advance(spacing)
            again = await retiring.carry(step)
            assert again is not None
            waited.append(again - world.clock.now())
            world.clock.set(again - timedelta(seconds=1))
            assert await overlapping_phase.carry(step) == again
            world.clock.set(again)
    assert waited == [min(spacing * 2**times, HOUR) for times in range(1, 10)]
    assert len(removals_told(world)) <= 1


async def test_an_operators_word_is_tried_at_once_although_the_successor_did_not_sign_in_before() -> None:
    world = await ready_for_removal()
    async with step_of(world) as step:
        await overlapping_phase.carry(step)
        world.clock.advance(HOUR)
        await retiring.carry(step)
        world.clock.advance(timedelta(minutes=1))
        held = step.line.key(step.rotation.predecessors[0])
        assert held is not None
        order = RetireOrder(rotation=step.rotation.id.ulid, at=world.clock.now(), by="ada", why="mended")
        await step.save(line=step.line.marked(replace(held, order=order)))
        await overlapping_phase.carry(step)
        assert isinstance(standing(step), Retiring)


async def test_coming_back_from_a_removal_is_no_outcome_for_the_breaker() -> None:
    world = await ready_for_removal()
    breaker = world.calm().control.breaker
    before = await breaker.read()
    await world.nights(3)
    after = await breaker.read()
    assert after.tail == before.tail
    world.sign_in.unprovable.clear()
    await world.nights(2)
    assert world.phases() == ["completed"]
    assert len((await breaker.read()).tail) == len(before.tail) + 1, "completed, and nothing else"


@pytest.mark.parametrize("goes", [True, False])
async def test_what_was_told_of_a_key_in_use_stays_told_after_a_removal(goes: bool) -> None:
    world = await ready_for_removal()
    if goes:
        world.sign_in.unprovable.clear()
    at = world.clock.now()
    async with step_of(world) as step:
        phase = standing(step)
        assert isinstance(phase, Overlapping)
        await step.save(replace(phase, told_at=at))
        await overlapping_phase.carry(step)
        world.clock.advance(HOUR)
        for _look in range(3):
            if isinstance(standing(step), Retiring):
                await retiring.carry(step)
            world.clock.advance(HOUR)
        last = standing(step)
        assert isinstance(last, Overlapping)
        assert last.told_at == at
    assert len(world.directory.removed) == int(goes)
