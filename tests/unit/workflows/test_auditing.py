"""History reaches the place that only grows: every line, at least once, whatever dies in between."""

import json
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.errors import Unavailable
from rotation.ledger import keys
from rotation.workflows import auditing
from rotation.workflows.auditing import BATCH, LAG, copy_history, trail
from rotation.workflows.recovering import recover
from tests.fakes.crashing import Crash
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World
from tests.unit.workflows.stepping import DAY, HOUR


def copied(world: World) -> list[dict[str, Any]]:
    return [json.loads(line) for lines in world.audit_trail.days.values() for line in lines]


def written(world: World) -> set[tuple[str, str]]:
    """What the ledger holds of history, by whom it is about and its key."""
    rows = [*world.tables.all_rows(keys.ROTATIONS), *world.tables.all_rows(keys.CONTROL)]
    return {(row.partition, row.key.removeprefix("z|event|")) for row in rows if row.key.startswith("z|event|")}


def marks(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["about"], line["id"]) for line in lines]


async def lived(applications: int = 3) -> World:
    world = World()
    for number in range(1, applications + 1):
        await world.enrol(world.add_application(number, ends_in=20 * DAY))
    await world.scan()
    await world.run(3 * HOUR)
    return world


async def test_every_line_of_history_is_copied_within_two_hours_and_once() -> None:
    world = await lived()
    await world.run(2 * HOUR)
    found = marks(copied(world))
    assert len(found) == len(set(found))
    assert set(found) == written(world)
    whats = {line["what"] for line in copied(world)}
    assert {"enrolled", "planned", "overlapping"} <= whats


async def test_a_line_says_when_what_of_whom_and_by_whom() -> None:
    world = await lived(1)
    await world.run(2 * HOUR)
    enrolled = next(line for line in copied(world) if line["what"] == "enrolled")
    assert enrolled["by"] == "test"
    assert enrolled["tenant"] == world.calm().tenant_id
    assert enrolled["at"].endswith("+00:00")


async def test_what_is_young_waits_because_more_may_be_on_its_way() -> None:
    world = World()
    await world.enrol(world.add_application(1))
    assert await copy_history(world.calm()) == 0
    world.clock.advance(LAG + timedelta(seconds=1))
    assert await copy_history(world.calm()) > 0
    assert await copy_history(world.calm()) == 0


async def test_more_than_a_batch_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "BATCH", 2)
    assert BATCH > 2
    world = await lived()
    await world.run(2 * HOUR)
    assert set(marks(copied(world))) == written(world)


async def test_whoever_dies_anywhere_nothing_is_missing() -> None:
    """Before and after each call that the copying makes; what comes twice is the same line, and read once."""
    world = await lived(2)
    world.clock.advance(HOUR)
    point = 0
    while True:
        world.audit_trail.days.clear()
        await world.calm().control.copied.change(lambda _before: {})
        world.crash_at(point)
        try:
            await copy_history(world.services())
        except Crash:
            await copy_history(world.calm())
            assert set(marks(copied(world))) == written(world), point
            read = [line async for line in trail(world.calm(), world.clock.now().date())]
            assert len(marks(read)) == len(set(marks(read))) == len(written(world))
            point += 1
            continue
        assert point > 20, "every call was one to die at"
        return


@pytest.mark.parametrize("mishap", [Mishap.UNAVAILABLE, Mishap.LOST_AFTER, Mishap.REPEATED])
async def test_an_append_that_fails_or_is_lost_is_made_again(mishap: Mishap) -> None:
    world = await lived(2)
    world.clock.advance(HOUR)
    world.audit_trail.mishaps.plan("append", mishap)
    try:
        await copy_history(world.calm())
    except Unavailable:
        await copy_history(world.calm())
    assert set(marks(copied(world))) == written(world)
    read = [line async for line in trail(world.calm(), world.clock.now().date() - DAY)]
    assert len(read) == len(written(world))


async def test_it_is_copied_once_an_hour_with_all_that_waits_each_minute() -> None:
    world = World()
    await world.enrol(world.add_application(1))
    for _minute in range(62):
        await recover(world.calm())
        world.clock.advance(timedelta(minutes=1))
    assert marks(copied(world)) != []


async def test_a_trail_that_is_out_of_reach_holds_nothing_else_back(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    await world.enrol(world.add_application(1))
    world.clock.advance(HOUR)
    world.audit_trail.mishaps.always("append", Mishap.DENIED)
    await recover(world.calm())
    assert [record.msg for record in caplog.records if record.msg.startswith("audit.")] == ["audit.not-copied"]
    assert "audit-not-copied" in world.alarms()
