"""Pause, ramp, canary, circuit breaker, windows, approval (protocol.md, Brakes)."""

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.identifiers import LineId
from rotation.domain.line import Enrolment, HeldKey, Line, Reason
from rotation.domain.policy import Limits, Mode, Ramp, Retire, Terms
from rotation.domain.rotation import Blocked
from rotation.domain.window import Freeze, Window
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.control import Beginning
from rotation.ledger.lines import index
from rotation.ports.directory import CredentialRules
from rotation.ports.tables import Upsert
from rotation.workflows.operating import approve, pause, resume
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, POLICY, QUICK, VAULT, World, configure, destination

DAY = timedelta(days=1)


async def enrolled(world: World, count: int = 1, *, ends_in: timedelta = 5 * DAY) -> list[Application]:
    found = [world.add_application(number, ends_in=ends_in) for number in range(1, count + 1)]
    for application in found:
        await world.enrol(application)
    return found


def limit(world: World, **ramp: int) -> None:
    usual = Ramp(**{"opened_per_night": 1000, "open_at_once": 1000, "removed_per_night": 1000, **ramp})
    world.settings.now = replace(world.settings.now, limits=Limits(usual=usual, first_week=usual))


async def test_3000_due_lines_and_a_broken_vault_end_with_one_alarm_and_nothing_removed() -> None:
    """No more opened than the ramp allows, one alarm, no credential minted or removed."""
    world = World(configuration=configure(destination("store")))
    world.settings.now = replace(world.settings.now, limits=Limits())
    for number in range(1, 3001):
        await _put_line(world, world.add_application(number, ends_in=timedelta(days=5 + number % 20)))
    beginning = Beginning(first_enrolled_at=world.clock.now() - 30 * DAY)
    await world.services().control.beginning.change(lambda _before: beginning)
    before = {each.now.object_id: each.now for each in world.directory._records.values()}
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.scan()
    await world.run(timedelta(minutes=20))
    night = await world.services().control.night.read()
    assert night is not None
    assert night.due == 3000
    assert 5 <= len(world.rotations()) <= Limits().usual.opened_per_night
    assert world.alarms() == ["breaker-open"]
    assert sum("circuit breaker" in title for title in world.titles()) == 1
    assert world.directory.minted == []
    assert world.directory.removed == []
    assert {each.now.object_id: each.now for each in world.directory._records.values()} == before


async def _put_line(world: World, application: Application) -> None:
    """Enrol without asking anybody: straight into the ledger."""
    held = tuple(HeldKey(key_id=secret.key_id, end_at=secret.end_at) for secret in application.secrets)
    enrolment = Enrolment(
        policy=POLICY,
        by="test",
        at=world.clock.now() - 30 * DAY,
        destinations=(),
        readers=(),
        description="x",
        vault_url=VAULT,
        secret_name=f"entra-{application.client_id}",
        handed_over=tuple(key.key_id for key in held),
    )
    line = Line(
        id=LineId(application.object_id, LINE),
        client_id=application.client_id,
        display_name=application.display_name,
        enrolment=enrolment,
        keys=held,
        current=held[0].key_id,
    )
    row = ledger.put_line(line)
    change = Upsert(key=row.key, values=row.values)
    await world.tables.commit(keys.ROTATIONS, application.object_id, [change])
    await world.services().lines.put(index(line, ledger.ApplicationRecord(application=application.object_id), None))


async def test_pause_holds_a_rotation_where_it_stands_and_resume_lets_it_go_on() -> None:
    world = World()
    (application,) = await enrolled(world)
    await world.open(application)
    await pause(world.services(), by="anna", reason="change freeze")
    await world.run(timedelta(hours=5))
    assert world.phases() == ["planned"]
    assert world.directory.minted == []
    await resume(world.services(), by="anna", reason="over")
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]


async def test_pause_in_the_middle_stops_the_next_effect_wherever_it_is() -> None:
    """Before each mint, publish, delivery and removal the pause is read again."""
    for minutes in (0, 1, 2, 3):
        world = World()
        (application,) = await enrolled(world)
        await world.open(application)
        await world.run(timedelta(minutes=minutes, seconds=1))
        await pause(world.services(), by="anna", reason="now")
        before = (len(world.directory.minted), world.phases())
        await world.run(timedelta(hours=2))
        assert len(world.directory.minted) == before[0]
        if before[1] != ["overlapping"]:
            assert world.stored("store") is None
        await resume(world.services(), by="anna", reason="over")
        await world.run(timedelta(hours=1))
        assert world.phases() == ["overlapping"]


async def test_pause_holds_removals_too() -> None:
    world = World()
    await enrolled(world, ends_in=59 * DAY)
    await world.nights(34)  # it would go in the 36th
    await pause(world.services(), by="anna", reason="audit")
    await world.nights(3)
    assert world.directory.removed == []
    await resume(world.services(), by="anna", reason="over")
    await world.nights(2)
    assert len(world.directory.removed) == 1


async def test_mode_monitor_holds_an_enrolled_line() -> None:
    world = World()
    await enrolled(world)
    world.change_policy(mode=Mode.MONITOR)
    await world.nights(2)
    assert world.rotations() == []


async def test_the_ramp_opens_the_earliest_ends_first_and_the_rest_another_night() -> None:
    world = World()
    limit(world, opened_per_night=2)
    for number in range(1, 6):
        await world.enrol(world.add_application(number, ends_in=timedelta(days=30 - number)))
    await world.scan()
    await world.run(timedelta(hours=1))
    opened = {rotation.application_name for rotation in world.rotations()}
    assert opened == {"Application 5", "Application 4"}
    night = await world.calm().control.night.read()
    assert night is not None
    assert len([line async for line in world.calm().lines.all() if line.due_in == night.scan]) == 3
    await world.run(timedelta(hours=22))
    await world.scan()
    assert len(world.rotations()) == 4


async def test_open_at_once_counts_what_is_under_way_and_waits_for_no_person() -> None:
    world = World()
    limit(world, open_at_once=2)
    await enrolled(world, 5)
    await world.scan()
    assert len(world.rotations()) == 2
    await world.run(timedelta(hours=1))
    assert len(world.rotations()) == 5, "as one ends, the next opens"


async def test_the_first_week_opens_one_a_night_and_removes_nothing() -> None:
    world = World()
    world.settings.now = replace(world.settings.now, limits=Limits())
    await enrolled(world, 12)
    await world.nights(3)
    assert len(world.rotations()) == 3
    await world.nights(5)
    assert len(world.rotations()) > 8


async def test_no_more_is_removed_in_a_night_than_the_ramp_allows() -> None:
    """Also when all of them come to Retiring at the same moment."""
    world = World(configuration=configure(destination("store"), terms=replace(QUICK, retire=AFTER)))
    world.usage = None
    world._current = world.services()
    limit(world, removed_per_night=2)
    await enrolled(world, 6, ends_in=40 * DAY)
    removed = []
    for _night in range(14):
        await world.nights(1)
        removed.append(len(world.directory.removed))
    nightly = [after - before for before, after in pairwise(removed)]
    assert max(nightly) == 2
    assert removed[-1] == 6


AFTER = Retire.AFTER_OVERLAP


async def test_the_canary_goes_first_and_the_others_wait_for_it() -> None:
    world = World(configuration=configure(destination("store"), terms=Terms(overlap=timedelta(0), quiet=timedelta(0))))
    canary, other = await enrolled(world, 2)
    world.make_canary(canary)
    await world.scan()
    assert [rotation.id.application for rotation in world.rotations()] == [canary.object_id]
    await world.run(timedelta(minutes=25))
    assert {rotation.id.application for rotation in world.rotations()} == {canary.object_id, other.object_id}
    assert world.rotations()[0].phase.phase == "completed"


async def test_a_canary_that_is_blocked_stops_the_night_with_one_alarm() -> None:
    world = World()
    canary, _other = await enrolled(world, 2)
    world.make_canary(canary)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.scan()
    await world.run(timedelta(hours=2))
    assert [rotation.id.application for rotation in world.rotations()] == [canary.object_id]
    assert world.alarms() == ["canary-failed"]


async def test_a_canary_that_does_not_complete_in_30_minutes_stops_the_night() -> None:
    world = World()
    canary, _other = await enrolled(world, 2)
    world.make_canary(canary)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await world.scan()
    await world.run(timedelta(hours=2))
    assert len(world.rotations()) == 1
    assert world.alarms() == ["canary-failed"]


async def test_a_canary_that_cannot_be_opened_stops_the_night() -> None:
    world = World()
    canary, _other = await enrolled(world, 2)
    world.make_canary(canary)
    world.directory.record(canary.object_id).rules = CredentialRules(addition_forbidden=True)
    await world.scan()
    await world.run(timedelta(hours=2))
    assert world.rotations() == []
    assert world.alarms() == ["canary-failed"]


async def test_the_breaker_opens_after_five_of_one_reason_and_only_a_person_closes_it() -> None:
    world = World()
    limit(world, open_at_once=1)
    await enrolled(world, 9)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.scan()
    await world.run(timedelta(hours=1))
    assert sum(isinstance(rotation.phase, Blocked) for rotation in world.rotations()) == 5
    assert len(world.rotations()) == 5
    world.vaults.memory(VAULT).refusing = None
    await world.nights(2)
    assert (await world.services().control.breaker.read()).open_reason == "vault-refused"
    assert len(world.rotations()) == 5
    await resume(world.services(), by="anna", reason="firewall mended", breaker=True)
    await world.nights(2)
    assert len(world.rotations()) == 9
    assert set(world.phases()) == {"overlapping"}
    assert world.alarms() == ["breaker-open"]


async def test_nothing_is_removed_while_the_breaker_is_open() -> None:
    world = World()
    await enrolled(world, ends_in=59 * DAY)
    await world.nights(33)
    breaker = world.services().control.breaker
    await breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    await world.nights(10)
    assert world.directory.removed == []
    await resume(world.services(), by="anna", reason="mended", breaker=True)
    await world.nights(2)
    assert len(world.directory.removed) == 1


async def test_a_request_of_a_person_passes_ramp_and_window_but_not_the_breaker() -> None:
    world = World()
    (application,) = await enrolled(world)
    limit(world, opened_per_night=0)
    world.change_policy(window=Window(opens=time(20), closes=time(21)))
    breaker = world.services().control.breaker
    await breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    await world.open(application)
    assert world.rotations() == []
    await breaker.change(lambda before: before.reset())
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]


async def test_a_closed_window_holds_the_night_until_it_opens() -> None:
    world = World()
    await enrolled(world, ends_in=20 * DAY)
    world.change_policy(window=Window(opens=time(5), closes=time(8)))
    await world.scan()
    await world.run(timedelta(hours=2))
    assert world.rotations() == []
    await world.run(timedelta(hours=2))
    assert world.phases() == ["overlapping"]


async def test_a_freeze_holds_and_yields_when_the_old_credential_would_end_first() -> None:
    world = World()
    now = world.clock.now().date()
    world.change_policy(freeze=(Freeze(first=now, last=date(now.year, 12, 31), why="year end"),))
    await enrolled(world, ends_in=4 * DAY)
    await world.nights(3)
    assert world.rotations() == []
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert "window.passed" in world.events()


async def test_approval_required_waits_for_another_person() -> None:
    world = World()
    world.change_terms(replace(QUICK, approval=True))
    (application,) = await enrolled(world)
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["planned"]
    rotation = world.rotations()[0].id
    with pytest.raises(Refused) as refused:
        await approve(world.services(), rotation, by="somebody")
    assert refused.value.reason == "two-persons"
    await approve(world.services(), rotation, by="berta", ticket="CHG-1")
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]
    assert "approved" in world.events()


async def test_a_blocked_cause_is_tried_with_one_line_first_and_then_with_the_others() -> None:
    world = World()
    await enrolled(world, 4)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(1)
    assert world.phases() == ["blocked"] * 4
    await world.nights(1)
    assert world.events().count("retried") == 1, "only one looks again while the cause stands"
    world.vaults.memory(VAULT).refusing = None
    await world.nights(1)
    assert world.phases() == ["overlapping"] * 4


async def test_a_compromise_passes_the_breaker_and_not_the_pause() -> None:
    world = World()
    (application,) = await enrolled(world)
    burnt = (application.secrets[0].key_id,)
    breaker = world.services().control.breaker
    await breaker.change(lambda before: replace(before, open_reason="vault-refused"))
    await pause(world.services(), by="anna", reason="x")
    await world.open(application, Reason.COMPROMISED, burnt=burnt)
    assert world.rotations() == []
    await resume(world.services(), by="anna", reason="go")
    await world.open(application, Reason.COMPROMISED, burnt=burnt)
    await world.run(timedelta(hours=2))
    assert [key for _application, key in world.directory.removed] == list(burnt)


async def test_one_rotation_that_stops_night_after_night_is_not_five_in_a_row() -> None:
    """The nightly look tries what stopped for an outside cause; the same stop again tells the breaker nothing new."""
    world = World(configuration=configure(destination("store")))
    await enrolled(world)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(7)
    assert world.phases() == ["blocked"]
    assert world.events().count("retried") == 6
    assert (await world.services().control.breaker.read()).open_reason is None
    assert "breaker-open" not in world.alarms()
