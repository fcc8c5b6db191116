"""How the crash tests drive one rotation to its end, and what must then be true."""

import os
from datetime import timedelta

from rotation.domain.policy import Terms
from rotation.workflows import tags
from tests.fakes.world import VAULT, World, configure, destination

EVERYTHING = os.environ.get("ROTATION_CRASH") == "all"
"""Every point, alone and in pairs; otherwise an even sample of them."""

MAY_ALARM = {"scan-incomplete", "no-complete-scan"}
"""A scan that died could not read all; nothing else may alarm anybody."""
DISTANCES = (1, 2, 3, 5, 8, 13, 21, 34, 55)
"""Calls between a crash and the crash of its recovery."""
NIGHT = timedelta(hours=3)
SHORT = Terms(overlap=timedelta(hours=1), quiet=timedelta(0))


def stride(sample: int) -> int:
    """Give the distance from one tried point to the next."""
    return 1 if EVERYTHING else sample


def spread(points: int, sample: int) -> range:
    """Give all points, or about so many of them, evenly, beginning at a place that is no multiple of anything."""
    step = 1 if EVERYTHING else max(1, points // sample) | 1  # odd: before calls and after them
    return range(points % step, points, step)


async def until_overlapping(*points: int) -> World:
    """Rotate one line, with crashes, until only evidence is waited for."""
    world = World(configuration=configure(destination("store"), destination("second")))
    await world.enrol(world.add_application())
    world.crash_at(*points)
    await _one_night_or_two(world, NIGHT)
    return world


async def until_completed(*points: int) -> World:
    """Rotate one line, with crashes, through the removal too: the canary's short terms let that happen in a night."""
    world = World(configuration=configure(destination("store"), terms=SHORT))
    application = world.add_application()
    await world.enrol(application)
    world.make_canary(application, within=timedelta(hours=4))
    world.crash_at(*points)
    await _one_night_or_two(world, timedelta(hours=5))
    return world


async def _one_night_or_two(world: World, span: timedelta) -> None:
    """Scan and work; what died before Planned was committed is planned the next night (crash table, first row)."""
    await world.scan()
    await world.run(span)
    if not world.rotations():
        await world.run(timedelta(days=1) - span)
        await world.scan()
        await world.run(span)


async def check(world: World) -> None:
    """Hold a settled world against the invariants."""
    rotations = world.rotations()
    assert len(rotations) == 1, "one open rotation a line"
    assert rotations[0].phase.phase in {"overlapping", "completed"}, rotations[0].phase
    record = await world.record(rotations[0].id.application)
    application = world.directory.truth(record.application)
    (line,) = record.lines.values()
    assert line.current is not None
    assert application.holds(line.current), "the current credential is there"
    assert line.current in rotations[0].adopted, "it is the one that this rotation adopted"
    for kept in world.integrations.kinds["automatic"].stores.values():
        assert kept.key_id == line.current, "each destination has the current one"
    held = world.vaults.memory(VAULT).latest(line.enrolment.secret_name)
    assert held is not None
    assert held[0].tags[tags.KEY_ID] == line.current, "the vault's latest is the current one"
    assert world.sign_in.works(line.client_id, held[1]), "never no way in"
    assert not world.directory.conflicts, "one Graph write at a time"
    assert set(world.alarms()) <= MAY_ALARM
