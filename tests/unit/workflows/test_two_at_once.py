"""Two processes at the same rows, one right between two calls of the other: neither undoes what the other wrote."""

from dataclasses import replace

import pytest

from rotation.domain.errors import LeaseHeld
from rotation.ledger import keys
from rotation.workflows import rotate
from rotation.workflows.drift import DriftPass
from rotation.workflows.scanning import begin_scan, run_scan
from rotation.workflows.usage_pass import read_usage, read_usage_of
from tests.fakes.between import Between
from tests.fakes.mishaps import Mishap
from tests.fakes.world import World, rotation_id
from tests.unit.workflows.stepping import DAY, HOUR
from tests.unit.workflows.test_drift import completed, tamper


async def test_a_sighting_that_came_between_is_taken_in_and_not_written_over() -> None:
    """The nightly pass read the row before a removal's own look wrote what it saw: an older use must not win."""
    world = World()
    application = world.add_application(ends_in=90 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    old = application.secrets[0].key_id
    assert world.usage is not None
    report = world.usage
    report.see(application.client_id, old, at=world.clock.now() - HOUR)
    late = world.clock.now()

    async def removals_own_look() -> None:
        report.see(application.client_id, old, at=late)
        await read_usage_of(world.calm(), application.object_id, application.client_id)

    services = world.calm()
    tables = Between(
        services.tables,
        "commit",
        when=lambda _table, _partition, changes: any(change.key == keys.use(old) for change in changes),
        act=removals_own_look,
    )
    await read_usage(replace(services, tables=tables))
    assert tables.came
    assert (await world.record(application.object_id)).uses[old].last_used_at == late


async def test_a_notice_that_came_between_is_sent_soon() -> None:
    """What heals commits a notice, sets a wake and nudges while the ended rotation's step has read already."""
    world = World()
    application = await completed(world)
    await world.run(2 * HOUR)
    ended = rotation_id(world)
    tamper(world, application, ended.ulid)

    async def nightly_look_of_another_host() -> None:
        await DriftPass(services=world.calm()).read()
        with pytest.raises(LeaseHeld):
            await rotate.advance(world.calm(), ended)
        world.queues.waiting[:] = [each for each in world.queues.waiting if each.queue != keys.QUEUE_ROTATIONS]

    services = world.calm()
    tables = Between(
        services.tables,
        "commit",
        when=lambda table, *_rest: table == keys.WAKES,
        act=nightly_look_of_another_host,
    )
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await rotate.advance(replace(services, tables=tables), ended)
    assert tables.came
    await world.run(HOUR)
    assert not (await world.record(application.object_id)).outbox


async def test_a_scan_whose_message_came_twice_is_run_once() -> None:
    world = World()
    await world.enrol(world.add_application(ends_in=20 * DAY))
    services = world.calm()
    scan = await begin_scan(services, by="test")
    opened: list[str] = []
    world.watch = lambda call, _arguments: opened.append(call) if call == "MemoryDirectory.applications" else None

    async def the_other_message() -> None:
        await run_scan(world.calm(), scan)

    tables = Between(services.tables, "get", when=lambda table, *_rest: table == keys.LEASES, act=the_other_message)
    await run_scan(replace(services, tables=tables), scan)
    assert tables.came
    assert len(opened) == 1
