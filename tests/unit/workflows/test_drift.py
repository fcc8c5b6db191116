"""The nightly look at what destinations were verified to hold: done again once, then somebody else is at work."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import Delivery, DeliveryBlocked
from rotation.domain.identifiers import KeyId, LineId
from rotation.domain.policy import Destination, Terms
from rotation.domain.secret import SecretText
from rotation.domain.window import Window
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.scans import ScanRecord, Scans
from rotation.workflows.drift import AT_ONCE, DriftPass
from rotation.workflows.errand import take_destination
from rotation.workflows.operating import pause, resume, retry
from rotation.workflows.reminding import digest
from rotation.workflows.scanning import AFTER_NIGHT
from tests.fakes.integrations import Kept
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, QUICK, World, configure, destination

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STORE, SECOND, PORTAL = destination("store"), destination("second"), destination("portal", "person")
LAPSING = Terms(overlap=timedelta(hours=1), quiet=timedelta(0))
OLDER, NEWER, SOMEBODY = "0" * 26, "Z" * 26, ""


async def settled(world: World, *, nights: int = 1) -> Application:
    """Rotate one line; its old secret waits for evidence for weeks."""
    application = world.add_application(ends_in=50 * DAY)
    await world.enrol(application)
    await world.nights(nights)
    return application


async def completed(world: World) -> Application:
    """Rotate one line that leaves nothing to remove: without a usage source the old secret lapses."""
    world.usage = None
    world._current = world.services()
    application = await settled(world)
    assert world.phases() == ["completed"]
    return application


def tamper(world: World, application: Application, ulid: str, *, name: str = "store") -> None:
    """Let a destination hold another text, with the mark of a rotation, or without one."""
    shelf = (destination(name).name, f"{application.object_id}|{LINE}")
    kept = Kept(KeyId("another"), SecretText("another text"), ulid=ulid)
    world.integrations.kinds["automatic"].shelves[shelf] = kept


async def delivery(world: World, name: str = "store") -> Delivery:
    rotation = world.rotations()[-1]
    record = await world.record(rotation.id.application)
    return record.deliveries_of(rotation.id.ulid)[destination(name).name].delivery


async def blocked(world: World, application: Application) -> str:
    line = await world.line(application)
    return line.blocked.reason if line.blocked else ""


async def passes(world: World) -> list[ScanRecord]:
    scans = await Scans(world.tables).since(world.clock.now() - 90 * DAY)
    return [scan for scan in scans if scan.passes == AFTER_NIGHT]


async def test_each_night_has_a_pass_of_its_own_with_counts() -> None:
    world = World()
    await settled(world, nights=3)
    found = await passes(world)
    assert [scan.complete for scan in found] == [True, True, True]
    assert [scan.counts["drift_current"] for scan in found] == [0, 1, 1]
    assert world.events().count("delivery.pending") == 0, "what is as it was leaves nothing behind"


@pytest.mark.parametrize("open_rotation", [True, False])
async def test_an_older_copy_is_delivered_again_and_told_of(open_rotation: bool) -> None:
    world = World()
    application = await (settled(world) if open_rotation else completed(world))
    phase = world.phases()
    tamper(world, application, OLDER)
    await world.nights(1)
    assert world.stored("store") == (await world.line(application)).current
    assert (await delivery(world)).phase.phase == "verified"
    assert world.phases() == phase
    await digest(world.calm())
    await world.run(timedelta(minutes=5))
    assert any("It is delivered again, once" in title for title in world.titles())
    assert (await passes(world))[-1].counts["drift_healed"] == 1
    assert await blocked(world, application) == ""


async def test_an_absent_copy_is_delivered_again() -> None:
    world = World()
    application = await settled(world)
    world.integrations.kinds["automatic"].shelves.clear()
    await world.nights(1)
    assert world.stored("store") == (await world.line(application)).current


@pytest.mark.parametrize("open_rotation", [True, False])
async def test_the_second_time_the_line_is_contested_and_nothing_goes_on_by_itself(open_rotation: bool) -> None:
    world = World()
    application = await (settled(world) if open_rotation else completed(world))
    for _time in range(2):
        tamper(world, application, OLDER)
        await world.nights(1)
    assert await blocked(world, application) == "contested"
    assert (await delivery(world)).phase.phase == "blocked"
    await world.nights(60)
    assert await blocked(world, application) == "contested"
    assert len(world.rotations()) == 1, "no rotation of it is opened"
    assert world.stored("store") != (await world.line(application)).current, "and nothing is delivered"
    assert world.directory.removed == []


async def test_a_new_secret_may_be_healed_once_again() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, OLDER)
    await world.nights(1)
    await world.open(application, succeed=True)
    await world.nights(1)
    tamper(world, application, OLDER)
    await world.nights(1)
    assert world.stored("store") == (await world.line(application)).current
    assert await blocked(world, application) == ""


async def test_marks_of_nobody_are_contested_at_once() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, SOMEBODY)
    await world.nights(1)
    assert await blocked(world, application) == "contested"
    assert world.stored("store") == "another", "nothing of somebody else is covered"


async def test_a_newer_copy_of_somebody_else_is_contested_when_it_is_refused() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, NEWER)
    await world.nights(1)
    assert await blocked(world, application) == "contested"
    assert (await delivery(world)).phase.phase == "blocked"


@pytest.mark.parametrize("name", ["vault-0f8fad5b-d9cb-469f-a165-70867728950e", f"theirs (rotation:{'0' * 26}.1)"])
async def test_a_younger_credential_of_another_rotator_makes_a_drifted_line_contested_at_once(name: str) -> None:
    world = World()
    application = await settled(world)
    world.directory.add_secret(application.object_id, end_at=world.clock.now() + 90 * DAY, display_name=name)
    await world.nights(1)
    assert await blocked(world, application) == "", "alone it is a stranger that the preview would tell of"
    tamper(world, application, OLDER)
    await world.nights(1)
    assert await blocked(world, application) == "contested"
    line = await world.line(application)
    assert line.blocked is not None
    assert name in line.blocked.detail


async def test_without_heal_it_is_told_and_waits_for_a_person() -> None:
    world = World(configuration=configure(STORE, terms=replace(QUICK, heal=False)))
    application = await settled(world)
    tamper(world, application, OLDER)
    await world.nights(3)
    found = (await delivery(world)).phase
    assert (found.phase, getattr(found, "reason", "")) == ("blocked", "drifted")
    assert len([title for title in world.titles() if "has drifted" in title]) == 1
    await retry(world.services(), world.rotations()[0].id, by="anna")
    await world.run(timedelta(hours=1))
    assert world.stored("store") == (await world.line(application)).current


async def test_while_a_destination_lacks_the_new_secret_the_old_one_stays() -> None:
    world = World(configuration=configure(STORE, terms=replace(QUICK, heal=False)))
    application = await settled(world)
    tamper(world, application, OLDER)
    await world.nights(90)
    assert world.directory.removed == []
    assert (await delivery(world)).phase.phase == "blocked"


async def test_a_failed_look_decides_nothing_and_is_told_of_after_three_nights() -> None:
    world = World()
    application = await settled(world)
    world.integrations.kinds["automatic"].mishaps.always("verify", Mishap.DENIED)
    await world.nights(2)
    assert not [title for title in world.titles() if "cannot be seen" in title]
    await world.nights(4)
    assert len([title for title in world.titles() if "cannot be seen" in title]) == 1
    assert (await delivery(world)).phase.phase == "verified"
    assert (await passes(world))[-1].counts["drift_unknown"] == 1
    world.integrations.kinds["automatic"].mishaps.always("verify", None)
    await world.nights(1)
    record = await world.record(application.object_id)
    assert record.holdings[LINE, STORE.name].unseen_since is None


async def test_a_vault_that_is_silent_makes_no_copy_absent() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, OLDER)
    world.vaults.memory("https://vault.example").refusing = "vault-refused"
    await world.nights(1)
    assert (await delivery(world)).phase.phase == "verified"
    assert (await passes(world))[-1].counts["drift_unknown"] == 1


async def test_a_second_look_that_finds_it_well_forgets_the_first() -> None:
    world = World()
    await settled(world)
    kind = world.integrations.kinds["automatic"]
    looks = iter([True, False])
    kind.stale = lambda: next(looks, False)
    await world.nights(1)
    assert (await passes(world))[-1].counts["drift_current"] == 1
    assert not [title for title in world.titles() if "has drifted" in title]


async def test_pause_and_window_hold_what_heals() -> None:
    world = World()
    world.integrations.kinds["automatic"].restarts = True
    application = await settled(world)
    current = (await world.line(application)).current
    await pause(world.services(), by="anna", reason="freeze")
    tamper(world, application, OLDER)
    await world.scan()
    await world.run(timedelta(hours=2))
    assert world.stored("store") != current
    world.change_policy(window=Window(opens=time(12), closes=time(13)))
    await resume(world.services(), by="anna", reason="over")
    await world.run(timedelta(hours=2))
    assert world.stored("store") != current
    await world.run(timedelta(hours=12))
    assert world.stored("store") == current


async def test_a_place_that_changed_is_not_looked_at_and_not_written_to() -> None:
    world = World()
    application = await completed(world)
    tamper(world, application, OLDER)
    world.name_destinations(replace(STORE, fingerprint="automatic:elsewhere"))
    await world.nights(2)
    assert (await passes(world))[-1].counts["drift_current"] == 0
    assert world.stored("store") == "another"


async def test_what_each_delivery_needs_an_approval_for_waits_for_another() -> None:
    world = World()
    application = await settled(world)
    world.name_destinations(replace(STORE, approval=True))
    tamper(world, application, OLDER)
    await world.nights(1)
    assert (await delivery(world)).phase.phase == "awaiting-approval"
    assert world.stored("store") == "another"


async def test_somebody_at_work_at_the_destination_is_left_alone() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, OLDER)
    fence = await take_destination(world.services(), world.rotations()[0], STORE.name)
    await world.scan()
    assert (await passes(world))[-1].counts["drift_left"] == 1
    await fence.release(world.clock.now())
    await world.nights(1)
    assert world.stored("store") == (await world.line(application)).current


async def test_our_own_sign_ins_are_noted_and_none_is_made_while_a_hand_off_waits() -> None:
    world = World(configuration=configure(STORE))
    world.integrations.kinds["automatic"].signs_in = True
    await settled(world, nights=2)
    noted = (await delivery(world)).own_sign_in_at
    assert noted is not None
    assert noted >= world.clock.now() - DAY
    waiting = World(configuration=configure(STORE, PORTAL))
    waiting.integrations.kinds["automatic"].signs_in = True
    await settled(waiting, nights=3)
    assert (await passes(waiting))[-1].counts["drift_current"] == 0
    last = (await delivery(waiting)).own_sign_in_at
    assert last is not None
    assert last < waiting.clock.now() - 2 * DAY, "by the delivery, not by a night"


async def test_a_destination_that_hangs_holds_back_no_other_and_is_cut() -> None:
    world = World(configuration=configure(STORE, SECOND))
    world.timing = replace(world.timing, destination_call=timedelta(milliseconds=400))
    world._current = world.services()
    application = await settled(world)
    world.integrations.kinds["automatic"].hung.add(STORE.name)
    tamper(world, application, OLDER, name="second")
    await world.nights(1)
    counts = (await passes(world))[-1].counts
    assert (counts["drift_unknown"], counts["drift_healed"]) == (1, 1)
    assert world.stored("second") == (await world.line(application)).current


async def test_no_more_is_delivered_again_in_a_night_than_may_be_opened() -> None:
    world = World()
    world.usage = None
    world._current = world.services()
    applications = [world.add_application(number, ends_in=50 * DAY) for number in (1, 2, 3)]
    for application in applications:
        await world.enrol(application)
    await world.nights(1)
    ramp = replace(world.settings.now.limits.usual, opened_per_night=2)
    limits = replace(world.settings.now.limits, usual=ramp, first_week=ramp)
    world.settings.now = replace(world.settings.now, limits=limits)
    world.integrations.kinds["automatic"].shelves.clear()
    await world.nights(1)
    assert len(world.integrations.kinds["automatic"].shelves) == 2
    await world.nights(1)
    assert len(world.integrations.kinds["automatic"].shelves) == 3


async def test_a_released_line_is_looked_at_no_more() -> None:
    world = World()
    application = await settled(world)
    await world.release(application)
    tamper(world, application, OLDER)
    await world.nights(1)
    assert world.stored("store") == "another"
    assert (await passes(world))[-1].counts["drift_current"] == 0


async def test_a_newer_secret_ends_what_heals_an_older_one() -> None:
    world = World()
    application = await completed(world)
    kind = world.integrations.kinds["automatic"]
    kind.mishaps.always("deliver", Mishap.UNAVAILABLE)
    tamper(world, application, OLDER)
    await world.nights(1)
    await world.open(application)
    await world.run(timedelta(minutes=30))
    kind.mishaps.always("deliver", None)
    await world.run(timedelta(hours=3))
    first, second = world.rotations()
    record = await world.record(application.object_id)
    assert record.deliveries_of(first.id.ulid)[STORE.name].delivery.phase.phase == "cancelled"
    assert record.deliveries_of(second.id.ulid)[STORE.name].delivery.phase.phase == "verified"
    assert [row for row in world.tables.all_rows(keys.WAKES) if row.key.endswith(f"{first.id.ulid}|store")] == []


async def test_another_line_does_not_wait_again_for_what_hung() -> None:
    world = World()
    world.timing = replace(world.timing, destination_call=timedelta(milliseconds=400))
    world._current = world.services()
    for number in range(1, 13):
        await world.enrol(world.add_application(number, ends_in=50 * DAY))
    await world.nights(1)
    asked: list[Destination] = []

    async def hang(at: Destination) -> None:
        asked.append(at)
        await asyncio.Event().wait()

    world.integrations.kinds["automatic"].looking = hang
    await world.scan()
    counts = (await passes(world))[-1].counts
    assert counts["drift_unknown"] == 12
    assert any("gave no answer to another line tonight" in remark for remark in (await passes(world))[-1].remarks)
    assert len(asked) <= AT_ONCE, "only those that were asked before the first of them was known to hang"


async def test_a_destination_that_cannot_tell_decides_nothing() -> None:
    world = World()
    application = await settled(world)
    tamper(world, application, OLDER)
    world.integrations.kinds["automatic"].unsure = True
    await world.nights(1)
    assert (await passes(world))[-1].counts["drift_unknown"] == 1
    assert (await delivery(world)).phase.phase == "verified"


async def test_one_that_cannot_be_looked_at_while_somebody_is_there_is_left() -> None:
    world = World()
    await settled(world)
    world.integrations.kinds["automatic"].mishaps.always("verify", Mishap.UNAVAILABLE)
    fence = await take_destination(world.services(), world.rotations()[0], STORE.name)
    await world.scan()
    assert (await passes(world))[-1].counts["drift_left"] == 1
    await fence.release(world.clock.now())


async def test_a_bug_of_one_kind_is_told_after_the_others_were_looked_at() -> None:
    world = World(configuration=configure(STORE, SECOND))
    application = await settled(world)
    tamper(world, application, OLDER, name="second")

    async def breaks(at: Destination) -> None:
        if at.name == STORE.name:
            raise ZeroDivisionError

    world.integrations.kinds["automatic"].looking = breaks
    with pytest.raises(ZeroDivisionError):
        await DriftPass(services=world.services()).read()
    world.integrations.kinds["automatic"].looking = lambda _at: asyncio.sleep(0)
    await world.run(timedelta(hours=1))
    assert world.stored("second") == (await world.line(application)).current


async def test_what_stands_stopped_after_its_rotation_is_named_each_night() -> None:
    world = World(configuration=configure(STORE, terms=replace(QUICK, heal=False)))
    application = await completed(world)
    tamper(world, application, OLDER)
    await world.nights(3)
    assert "store is stopped (drifted); rotation retry" in (await passes(world))[-1].remarks[0]


async def test_a_line_whose_current_secret_was_handed_over_is_not_looked_at() -> None:
    world = World()
    await world.enrol(world.add_application(ends_in=170 * DAY))
    await world.nights(2)
    assert sum((await passes(world))[-1].counts.values()) == 0


async def test_a_line_that_is_released_while_it_is_looked_at_spoils_nobodys_night() -> None:
    world = World()
    application = await completed(world)
    tamper(world, application, world.rotations()[-1].id.ulid)
    await world.run(2 * HOUR)

    async def released(_at: object) -> None:
        if await ledger.line(world.tables, LineId(application.object_id, LINE)) is not None:
            await world.release(application)

    world.integrations.kinds["automatic"].looking = released
    drift = DriftPass(services=world.calm())
    await drift.read()
    assert drift.counts["drift_left"] == 1


async def test_a_destination_that_never_answers_while_it_is_healed_stops_and_is_told() -> None:
    """Nothing else watches what heals: its rotation has ended."""
    world = World()
    application = await completed(world)
    tamper(world, application, world.rotations()[-1].id.ulid)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.LOST_BEFORE)
    await world.nights(1)
    await world.run(2 * DAY)
    phase = (await delivery(world)).phase
    assert isinstance(phase, DeliveryBlocked)
    assert phase.reason == "gave-up"
    assert "Application 1: a delivery stopped" in world.titles()
