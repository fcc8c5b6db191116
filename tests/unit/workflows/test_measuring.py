"""Once an hour the figures that gauges and alerts stand on are said, and they are those of the ledger."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.identifiers import LineId
from rotation.telemetry.metering import GAUGES
from rotation.workflows import operating
from rotation.workflows.measuring import measure
from rotation.workflows.recovering import recover
from tests.fakes.world import LINE, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR

type Told = list[tuple[str, dict[str, Any]]]


def told(caplog: pytest.LogCaptureFixture) -> Told:
    return [(record.msg, vars(record)) for record in caplog.records if record.msg.startswith("state.")]


async def measured(world: World, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await measure(world.calm())
    return next(facts for event, facts in told(caplog) if event == "state.measured")


async def test_a_fresh_installation_knows_no_instants(caplog: pytest.LogCaptureFixture) -> None:
    found = await measured(World(), caplog)
    assert (found["enrolled"], found["next_expiry"], found["complete_scan"]) == (0, None, None)
    assert set(GAUGES["state.measured"]) <= set(found)


async def test_figures_are_those_of_the_ledger(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    application = world.add_application(1, ends_in=5 * DAY)
    await world.enrol(application)
    before = await measured(world, caplog)
    assert (before["enrolled"], before["last_days"], before["open"]) == (1, 1, 0)
    assert before["next_expiry"] == int((world.clock.now() + 5 * DAY).timestamp())
    await world.scan()
    await world.run(HOUR)
    after = await measured(world, caplog)
    assert (after["last_days"], after["open"]) == (0, 1)
    assert after["complete_scan"] is not None
    await operating.pause(world.calm(), by="ada", reason="a freeze")
    assert (await measured(world, caplog))["paused"] == 1


async def test_a_hand_off_is_overdue_after_its_deadline(caplog: pytest.LogCaptureFixture) -> None:
    world = World(configuration=configure(destination("person", kind="person")))
    application = world.add_application(1, ends_in=20 * DAY)
    await world.enrol(application)
    await world.scan()
    await world.run(HOUR)
    fresh = await measured(world, caplog)
    assert (fresh["hand_offs"], fresh["overdue"]) == (1, 0)
    world.clock.advance(40 * DAY)
    late = await measured(world, caplog)
    assert (late["hand_offs"], late["overdue"], late["expired"]) == (1, 1, 0)


async def test_what_is_stopped_is_counted_by_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    application = world.add_application(1, ends_in=100 * DAY)
    await world.enrol(application)
    line = LineId(application.object_id, LINE)
    (entry,) = [each async for each in world.calm().lines.all()]
    await world.calm().lines.put(replace(entry, id=line, blocked="policy-gone"))
    await measured(world, caplog)
    stopped = [facts for event, facts in told(caplog) if event == "state.blocked"]
    assert [(facts["reason"], facts["count"]) for facts in stopped] == [("policy-gone", 1)]


async def test_it_is_said_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with caplog.at_level(logging.INFO):
        for _quarter in range(9):
            await recover(world.services())
            world.clock.advance(timedelta(minutes=15))
    assert [event for event, _facts in told(caplog)] == ["state.measured"] * 3
