"""Scans where something is odd: owners, orphans, applications that are not met, hearts that stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import Unavailable
from rotation.domain.policy import Selector
from rotation.domain.rotation import Overlapping
from rotation.ledger import keys
from rotation.ledger.notices import Notice
from rotation.ledger.scans import Scans
from rotation.ports.directory import Owner, Page, PassItem
from rotation.ports.notices import Message
from rotation.workflows import scanning
from rotation.workflows.planning import plan
from rotation.workflows.reminding import digest
from rotation.workflows.repairing import write_lines_anew
from rotation.workflows.scanning import begin_scan, run_scan
from rotation.workflows.sending import send_again, send_notice
from rotation.workflows.services import Services
from rotation.workflows.usage_pass import read_usage
from tests.fakes.between import Between
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, PEOPLE, World
from tests.unit.workflows.stepping import DAY, HOUR, when

ADA = Owner(object_id="u", display_name="Ada", mail="ada@contoso.example", kind="user")
NAMELESS = Owner(object_id="v", display_name="?", mail=None, kind="service-principal")


async def test_owners_are_read_where_a_policy_selects_by_them() -> None:
    world = World()
    world.change_policy(selector=Selector(owners=frozenset({"ada@contoso.example"})))
    for number, owners in ((1, (ADA,)), (2, (NAMELESS,)), (3, ())):
        secret = Credential(key_id=make_key_id(number), end_at=world.clock.now() + 20 * DAY)
        world.directory.add(make_application(number, secret), owners=owners)
    await world.scan()
    rows = {row.key.split("|")[0]: row for row in world.tables.all_rows(keys.EXPIRIES)}
    assert len(rows) == 3
    assert ["ours" in str(rows[make_application(number).object_id].values) for number in (1, 2, 3)] == [
        True,
        False,
        False,
    ]


async def test_an_orphan_is_counted_and_its_rotation_woken() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    await world.open(application)
    await world.run(HOUR)
    lost = world.directory.minted[0].credential
    assert not world.directory.truth(application.object_id).holds(lost.key_id), "found while minting"
    world.directory._records[application.object_id].add_secret(
        world.clock.now(), replace(lost, key_id=make_key_id(77)), world.directory.minted[0].text
    )
    await begin_scan(world.services(), by="test", dry_run=True)
    await world.run(timedelta(minutes=2))
    await world.scan()
    counted = [each.counts.get("orphans") for each in await Scans(world.tables).since(world.clock.now() - DAY)]
    assert 1 in counted
    await world.run(3 * HOUR)
    assert not world.directory.truth(application.object_id).holds(make_key_id(77))


async def test_a_line_that_the_scan_does_not_meet_wakes_its_open_rotation() -> None:
    """Whether the application is gone is for a read by id to say, so its rotation looks."""
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    assert isinstance(world.rotations()[0].phase, Overlapping)
    world.directory.delete(application.object_id)
    await world.scan()
    assert world.phases() == ["closed"]


async def test_a_line_that_is_released_while_the_scan_runs_is_not_noted_as_due() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)

    def gone() -> None:
        rows = world.tables._rows(keys.LINES)
        rows.clear()

    when(world, "Writer.complete", gone)
    when(world, "_Writer.complete", gone)
    await world.scan()
    assert world.tables.all_rows(keys.LINES) == []
    assert world.rotations() == []


def before_the_index_is_written(world: World, act: Callable[[], Awaitable[object]]) -> Services:
    """Let something else happen right before the first write to `lines` that is not its own."""
    racing: Any = Between(world.tables, "commit", when=lambda table, *_rest: table == keys.LINES, act=act)
    return replace(world.calm(), tables=racing)


async def published(world: World, application: Application) -> None:
    """Let another process rotate the line."""
    await world.open(application, succeed=True)
    await world.run(timedelta(minutes=10))


async def index_as_it_is(world: World, application: Application) -> None:
    """Look that the index says what the truth says."""
    truth = await world.line(application)
    entry = await world.calm().lines.get(truth.id)
    assert entry is not None
    assert (entry.current, entry.open, entry.keys) == (truth.current, truth.open, tuple(k.key_id for k in truth.keys))


async def test_what_a_rotation_wrote_while_due_lines_were_noted_stays() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    scan = await begin_scan(world.calm(), by="test")
    racing = before_the_index_is_written(world, lambda: published(world, application))
    await run_scan(racing, scan)
    await index_as_it_is(world, application)
    assert world.phases() == ["overlapping"]


async def test_a_line_that_is_released_right_before_it_is_noted_as_due_is_not_written_back() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    scan = await begin_scan(world.calm(), by="test")
    await run_scan(before_the_index_is_written(world, lambda: world.release(application)), scan)
    assert world.tables.all_rows(keys.LINES) == []


async def old_in_the_index(world: World) -> Application:
    """Enrol one whose index entry is not as its truth."""
    application = world.add_application()
    await world.enrol(application)
    entry = await world.calm().lines.get((await world.line(application)).id)
    assert entry is not None
    await world.calm().lines.put(replace(entry, display_name="as it was called"))
    return application


async def test_what_a_rotation_wrote_while_the_index_was_written_anew_stays() -> None:
    world = World()
    application = await old_in_the_index(world)
    racing = before_the_index_is_written(world, lambda: published(world, application))
    assert (await write_lines_anew(racing))["lines_written"] == 0, "the rotation wrote it anew"
    await index_as_it_is(world, application)


async def test_a_line_that_is_released_while_the_index_is_written_anew_is_not_written_back() -> None:
    world = World()
    application = await old_in_the_index(world)
    racing = before_the_index_is_written(world, lambda: world.release(application))
    await write_lines_anew(racing)
    assert world.tables.all_rows(keys.LINES) == []


async def test_a_scan_tells_that_it_lives_while_it_runs() -> None:
    world = World()
    world.timing = replace(world.timing, scan_heartbeat=timedelta(milliseconds=1))
    world.add_application()
    scan = await begin_scan(world.services(), by="test")
    told: list[object] = []

    async def slowly() -> AsyncIterator[Any]:
        for _wait in range(200):
            await asyncio.sleep(0.001)
            told.append((await Scans(world.tables).get(scan)).progress_at)
            if told[-1] is not None:
                break
        yield Page(applications=())

    world.directory.applications = slowly  # type: ignore[method-assign]
    await run_scan(world.services(), scan)
    assert told[-1] == world.clock.now()
    assert (await Scans(world.tables).get(scan)).complete


async def test_no_sign_of_life_covers_what_a_scan_said_at_its_end() -> None:
    world = World()
    world.timing = replace(world.timing, scan_heartbeat=timedelta(0))
    world.add_application()
    for _night in range(5):
        scan = await begin_scan(world.services(), by="test")
        await run_scan(world.services(), scan)
        await asyncio.sleep(0.01)
        assert (await Scans(world.tables).get(scan)).complete


async def test_a_scan_that_lost_its_lease_says_so_and_opens_nothing() -> None:
    world = World()
    world.timing = replace(world.timing, scan_heartbeat=timedelta(milliseconds=1))
    await world.enrol(world.add_application())
    scan = await begin_scan(world.services(), by="test")
    begun = world.directory.applications

    async def slowly() -> AsyncIterator[Any]:
        (row,) = world.tables.all_rows(keys.LEASES)
        world.tables._rows(keys.LEASES)[row.partition, row.key] = replace(
            row, etag="another's", values={**row.values, "token": "another"}
        )
        await asyncio.sleep(0.05)
        async for page in begun():
            yield page

    world.directory.applications = slowly  # type: ignore[method-assign]
    await run_scan(world.services(), scan)
    found = await Scans(world.tables).get(scan)
    assert not found.complete
    assert found.problem.startswith("the scan's lease was lost: ")
    assert world.alarms() == ["scan-incomplete"]
    assert await world.calm().control.night.read() is None


async def test_two_sources_that_cannot_be_read_are_told_together() -> None:
    world = World()
    world.use_sources(report=True, log=True)
    await world.enrol(world.add_application())
    for source in (world.usage, world.sign_in_log):
        assert source is not None
        source.mishaps.always("sightings", Mishap.UNAVAILABLE)
    with pytest.raises(Unavailable, match=r"sightings: not now; sightings: not now"):
        await read_usage(world.calm())


async def test_a_certificate_beyond_the_horizon_is_counted_and_not_reminded_of() -> None:
    world = World()
    near, far = (
        Credential(key_id=make_key_id(number), end_at=world.clock.now() + days * DAY)
        for number, days in ((1, 10), (2, 900))
    )
    item = PassItem(
        object_id="a" * 8,
        client_id=make_application(1).client_id,
        display_name="x",
        kind="certificate",
        credentials=(near, far),
    )
    world.directory.certificate_items = [item]
    scan = await begin_scan(world.services(), by="test", passes=("certificates",))
    await world.run(timedelta(minutes=2))
    assert (await Scans(world.tables).get(scan)).counts["certificates_credentials"] == 2
    assert [row.key for row in world.tables.all_rows(keys.EXPIRIES)] == [f"{'a' * 8}|{near.key_id}"]


async def test_a_line_whose_truth_went_while_the_index_was_written_anew_is_left_out() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    truth = (application.object_id, keys.line(LINE))
    seen = 0

    def watch(call: str, _arguments: object) -> None:
        nonlocal seen
        seen += call == "MemoryTables.query"
        if seen == 2:  # the first names the lines, the second reads the application of one
            world.tables._rows(keys.ROTATIONS).pop(truth, None)

    world.watch = watch
    assert await write_lines_anew(world.calm()) == {
        "lines_written": 0,
        "lines_woken": 0,
        "lines_dropped": 0,
        "lines_newer": 0,
    }
    assert seen == 3


async def test_a_plan_names_the_breaker() -> None:
    world = World()
    await world.calm().control.breaker.change(lambda breaker: replace(breaker, open_reason="vault-refused"))
    assert (await plan(world.calm())).brakes == ("the circuit breaker is open (vault-refused)",)


# Notices.


async def noticed(world: World) -> str:
    notice = Notice(kind="test", audience=PEOPLE, message=Message(title="t", summary=""), created_at=world.clock.now())
    await world.calm().notices.put("n", notice)
    return "n"


async def test_a_notice_that_somebody_else_claims_first_is_theirs() -> None:
    world = World()
    key = await noticed(world)
    when(world, "MemoryTables.commit", lambda: _touch(world, key))
    await send_notice(world.calm(), key)
    assert world.titles() == []
    await world.run(HOUR)
    assert world.titles() == ["t"]


async def test_a_notice_that_changes_while_it_is_sent_again_is_left_to_who_changed_it() -> None:
    world = World()
    key = await noticed(world)
    when(world, "MemoryTables.commit", lambda: _touch(world, key))
    await send_again(world.calm(), key)
    assert world.queues.sent == []
    await send_again(world.calm(), "no such notice")
    assert world.queues.sent == []


def _touch(world: World, key: str) -> None:
    (row,) = world.tables.all_rows(keys.NOTICES)
    world.tables._rows(keys.NOTICES)[row.partition, key] = replace(row, etag="another's")


async def test_without_anybody_to_tell_nothing_is_told() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    world.settings.now = replace(world.settings.now, fallback_audience=None)
    assert await digest(world.calm()) == {}
    world.settings.now = replace(world.settings.now, fallback_audience=PEOPLE, audiences={})
    world.add_application(2, ends_in=DAY)
    await world.scan()
    assert await digest(world.calm()) == {}


async def test_a_channel_that_does_not_reach_an_audience_has_no_digest_for_it() -> None:
    world = World()
    world.add_application(2, ends_in=DAY)
    await world.scan()
    world.channel._audiences = ()
    assert await digest(world.calm()) == {PEOPLE: 0}


async def test_two_digests_at_once_tell_each_reminder_once() -> None:
    world = World()
    world.add_application(2, ends_in=DAY)
    await world.scan()
    await asyncio.gather(digest(world.calm()), digest(world.calm()))
    assert len(world.tables.all_rows(keys.REMINDERS)) == 1


def test_a_heart_beats_at_least_three_times_a_lease() -> None:
    world = World()
    assert scanning._beat_seconds(world.calm()) == 30
    world.timing = replace(world.timing, scan_heartbeat=timedelta(hours=1))
    assert scanning._beat_seconds(world.calm()) == 40
