"""What the overview says of nights as they were, and what it asks storage for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.audience import Audience
from rotation.domain.brakes import NightState
from rotation.domain.credential import Application
from rotation.domain.errors import Unavailable
from rotation.domain.identifiers import AudienceName, LineId
from rotation.domain.policy import Terms
from rotation.domain.rotation import Staged
from rotation.domain.schedule import Schedule
from rotation.ledger import keys
from rotation.workflows import operating
from rotation.workflows.notices import alarm
from rotation.workflows.reading import needs, strips
from rotation.workflows.reading.overview import Overview, overview
from rotation.workflows.reading.states import says, state_of
from rotation.workflows.watching import watch
from tests.fakes.integrations import QUESTIONS
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, VAULT, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, until

ANSWERS = dict.fromkeys(QUESTIONS, "yes")


async def seen(world: World) -> Overview:
    return await overview(world.calm())


async def opened(world: World, number: int = 1) -> Application:
    application = world.add_application(number, ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await world.run(HOUR)
    return application


async def test_a_fresh_installation_has_nothing_and_says_that_it_never_looked() -> None:
    found = await seen(World())
    assert (found.lines, found.states, found.needs, found.night) == (0, {}, (), ())
    assert found.scan.complete is None
    assert found.scan.problem == ""
    assert found.brakes.first_week
    assert found.brakes.canary is None
    assert len(found.timeline) == 26
    assert found.timeline[0].link == "/expiries?week=2026-W10"


async def test_a_night_as_it_was() -> None:
    world = World()
    world.add_application(2, ends_in=20 * DAY)
    world.add_application(3, ends_in=-5 * DAY)
    application = world.add_application(1, ends_in=20 * DAY)
    await world.enrol(application)
    await world.scan()
    await world.run(HOUR)
    found = await seen(world)
    assert found.states == {"overlapping": 1}
    assert (found.counts.unmanaged_soon, found.counts.ours_soon, found.counts.due) == (1, 0, 0)
    assert sum(week.unmanaged for week in found.timeline) == 1
    assert [week.ours for week in found.timeline if week.ours] == [1], "as it is now, not as the scan saw it"
    (strip,) = found.night
    assert [(act.name, act.how, act.note) for act in strip.acts] == [
        ("reserve", "done", ""),
        ("mint", "done", ""),
        ("stage", "done", ""),
        ("prove", "done", ""),
        ("publish", "done", ""),
        ("deliver", "done", "1/1"),
        ("overlap", "now", ""),
        ("retire", "ahead", ""),
    ]
    assert strip.link == f"/rotations/{world.rotations()[0].id}"
    assert found.scan.complete is not None
    assert found.scan.passes.keys() >= {"secrets", "usage"}
    assert found.needs == ()


async def test_one_table_query_a_panel_and_nothing_else_is_asked() -> None:
    world = World()
    for number in range(1, 6):
        await opened(world, number)
    await world.scan()
    calls: list[str] = []
    world.watch = lambda call, _arguments: calls.append(call)
    await seen(world)
    assert sorted(calls) == [*["MemoryTables.query"] * 4, "Settings.current"]


async def test_a_completed_rotation_is_done_and_an_abandoned_one_took_no_further_act() -> None:
    world = World()
    await opened(world)
    await world.nights(56)
    (line,) = [entry async for entry in world.calm().lines.all()]
    assert line.progress is not None
    told = strips.strip(line, line.progress, world.clock.now())
    assert (told.state, {act.how for act in told.acts}) == ("done", {"done"})
    given_up = replace(line.progress, working="abandoned", published_at=None)
    told = strips.strip(line, given_up, world.clock.now())
    assert (told.state, {act.how for act in told.acts}) == ("ended", {"not-taken"})
    closed = strips.acts(replace(line.progress, working="closed"), stopped=False)
    assert [act.how for act in closed] == [*["done"] * 5, *["not-taken"] * 3]


async def test_a_hand_off_needs_its_destinations_people_by_its_deadline() -> None:
    team = AudienceName("siem-team")
    place = replace(destination("siem", "person"), audience=team)
    configuration = configure(place)
    audiences = {**configuration.audiences, team: Audience(name=team)}
    world = World(configuration=replace(configuration, audiences=audiences))
    await opened(world)
    found = await seen(world)
    (need,) = found.needs
    rotation = world.rotations()[0].id
    assert need == replace(
        need,
        subject=f"{rotation.ulid}.siem",
        kind="hand-off",
        state="waiting",
        why="Paste into siem: waits for you",
        who=team,
        act="Open the steps",
        link=f"/hand-offs/{rotation}/siem",
    )
    assert need.by is not None
    assert need.by < world.clock.now() + 100 * DAY
    assert (found.states, found.counts.waiting) == ({"waiting": 1}, 1)
    (strip,) = found.night
    assert [act.note for act in strip.acts if act.how == "now"] == ["0/1"]
    await operating.acknowledge(world.calm(), rotation, place.name, by="anna", answers=ANSWERS)
    await world.run(HOUR)
    assert (await seen(world)).needs == ()


async def test_what_stopped_is_needed_with_its_slug_and_until_when_the_old_secret_works() -> None:
    world = World()
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(application)
    await world.run(HOUR)
    found = await seen(world)
    (need,) = found.needs
    assert (need.kind, need.state, need.reason) == ("rotation", "blocked", "vault-refused")
    assert need.why.startswith("stopped (vault-refused): ")
    assert need.by == application.secrets[0].end_at
    assert found.counts.blocked == 1
    assert [act.how for act in found.night[0].acts if act.how not in {"done", "ahead"}] == ["stopped"]


async def test_an_approval_is_asked_of_who_hears_of_the_line() -> None:
    world = World(configuration=configure(destination("store"), terms=Terms(approval=True)))
    await opened(world)
    found = await seen(world)
    (need,) = found.needs
    assert (need.kind, need.act, need.who) == ("approval", "Approve", "people")
    assert need.why == "a rotation waits for approval, asked by somebody"
    assert (found.states, found.counts.waiting, found.counts.under_way) == ({"waiting": 1}, 1, 0)
    assert found.night[0].says == "waits for an approval"


async def test_destinations_that_stopped_or_wait_for_approval_are_each_needed() -> None:
    store, other = destination("store"), replace(destination("other"), approval=True)
    world = World(configuration=configure(store, other))
    world.integrations.kinds["automatic"].mishaps.plan("deliver", Mishap.DENIED)
    await opened(world)
    found = await seen(world)
    assert {(need.kind, need.destination, need.reason) for need in found.needs} == {
        ("delivery", "store", "access-denied"),
        ("delivery-approval", "other", ""),
    }
    assert found.states == {"blocked": 1}
    assert found.night[0].says == "stopped: store (access-denied)"


async def test_an_old_secret_that_is_still_used_is_named_with_its_last_use() -> None:
    world = World()
    application = await opened(world)
    assert world.usage is not None
    old = application.secrets[0]
    world.clock.advance(HOUR)
    world.usage.see(application.client_id, old.key_id, origin="SharePoint")
    used = world.clock.now()
    await world.nights(3)
    found = await seen(world)
    (need,) = found.needs
    assert (need.kind, need.state, need.by) == ("still-in-use", "overlapping", old.end_at)
    assert need.why == f"the old secret is still used, last {used:%Y-%m-%d %H:%M} UTC SharePoint"
    assert (found.counts.in_use, found.states) == (1, {"overlapping": 1})
    (line,) = [entry async for entry in world.calm().lines.all()]
    assert says(line, world.clock.now()).startswith("old secret still used, last ")


async def test_a_line_that_may_not_be_opened_or_has_ended_comes_first() -> None:
    world = World(configuration=configure(destination("store", "person")))
    application = await opened(world)
    await opened(world, 2)
    (entry, _other) = [each async for each in world.calm().lines.all()]
    assert entry.id == LineId(application.object_id, LINE)
    await world.calm().lines.put(replace(entry, blocked="policy-gone", end_at=world.clock.now() - DAY, open=None))
    first, second, third = (await seen(world)).needs
    assert (first.kind, first.state, second.kind, third.kind) == ("expired", "expired", "hand-off", "line")
    assert (first.act, first.link) == ("What to do", f"/applications/{application.object_id}#line-default")
    assert second.why == "Paste into store: waits for you"
    (line,) = [each async for each in world.calm().lines.all() if each.blocked]
    assert says(line, world.clock.now()) == "its current secret has ended; stopped: policy-gone"


async def test_an_open_line_without_progress_of_it_says_what_it_can() -> None:
    """The index was written before the rotation's first step, or by an older version."""
    world = World()
    await opened(world)
    (entry,) = [each async for each in world.calm().lines.all()]
    now = world.clock.now()
    old = replace(entry, progress=None)
    assert state_of(old, now) == "overlapping"
    assert says(old, now) == "both secrets work; the old one waits for evidence"
    assert state_of(replace(old, phase="delivering", under_way=False), now) == "waiting"
    assert says(replace(old, phase="delivering", under_way=False), now) == "waits for a person"
    assert state_of(replace(old, phase="delivering", under_way=True), now) == "under-way"
    assert says(replace(old, open=None), now) == "fine"
    assert says(replace(old, open=None, end_at=None), now) == "no secret yet"
    assert list(needs.of_line(old, world.settings.now, now)) == []
    assert strips.moved_since([old], now - DAY, now) == []


async def test_what_is_under_way_says_its_phase() -> None:
    world = World()
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    await until(world, Staged)
    found = await seen(world)
    assert found.states == {"under-way": 1}
    assert (found.counts.under_way, found.night[0].says) == (1, "staged")


async def test_brakes_that_hold_everybody_up_come_before_all() -> None:
    world = World(configuration=configure(destination("store", "person")))
    application = await opened(world)
    world.make_canary(application)
    services = world.calm()
    await operating.pause(services, by="anna", reason="change freeze")
    await services.control.breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    await world.scan()
    await services.control.night.change(
        lambda night: replace(night, state=NightState.STOPPED, why="the canary did not complete") if night else None
    )
    found = await seen(world)
    assert [need.kind for need in found.needs] == ["brake", "brake", "hand-off"]
    assert {need.reason for need in found.needs if need.kind == "brake"} == {"breaker-open", "canary-failed"}
    assert found.brakes.pause is not None
    assert found.brakes.canary == f"{application.object_id}|default"
    assert not found.brakes.first_week or found.brakes.ramp == world.settings.now.limits.first_week


async def test_what_is_due_and_not_open_yet_is_counted() -> None:
    world = World()
    application = world.add_application(ends_in=20 * DAY)
    await world.enrol(application)
    await operating.pause(world.calm(), by="anna", reason="change freeze")
    await world.scan()
    found = await seen(world)
    assert (found.counts.due, found.counts.ours_soon) == (1, 1)
    assert sum(week.ours for week in found.timeline) == 1


async def test_an_incomplete_scan_says_since_when_the_picture_is_stale() -> None:
    world = World()
    await world.scan()
    complete = (await seen(world)).scan
    assert (complete.problem, complete.stale_since) == ("", None)
    world.clock.advance(DAY)
    world.directory.reads.always("applications", Mishap.UNAVAILABLE)
    await world.scan()
    found = (await seen(world)).scan
    assert found.latest is not None
    assert not found.latest.complete
    assert found.problem.startswith("the last scan is incomplete: secrets: ")
    assert found.complete is not None
    assert found.stale_since == found.complete.finished_at


async def test_a_missed_night_is_told_with_the_next_one() -> None:
    world = World()
    await world.scan()
    nights = Schedule.parse("0 0 2 * * *")
    await watch(replace(world.calm(), nights=nights))
    world.clock.advance(3 * DAY)
    found = (await overview(replace(world.calm(), nights=nights))).scan
    assert found.problem.startswith("no scan has been complete since the one that was due ")
    assert found.next_at is not None
    assert timedelta(0) < found.next_at - world.clock.now() <= DAY


async def test_a_scan_that_was_asked_for_and_a_notice_that_reached_nobody_are_told() -> None:
    world = World()
    await world.invoke(world._begin)
    assert (await seen(world)).scan.running is not None
    services = world.calm()
    await alarm(services, "breaker-open", text="x")
    (row,) = world.tables.all_rows(keys.NOTICES)
    held = await services.notices.get(row.key)
    assert held is not None
    notice, etag = held
    await services.notices.change(
        row.key, replace(notice, given_up="teams: gone"), etag=etag, look_at=world.clock.now()
    )
    assert (await seen(world)).given_up == 1


async def test_a_storage_that_does_not_answer_is_no_empty_picture() -> None:
    world = World()
    world.tables.mishaps.plan("query", Mishap.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await seen(world)
