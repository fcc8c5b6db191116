"""Each row of protocol.md's crash table, by name: who died where, what finds it, what follows."""

import sys
from datetime import timedelta

import pytest

from rotation.domain.errors import StaleRecord
from rotation.domain.identifiers import ObjectId, RotationId
from rotation.domain.rotation import Completed, Minting, Overlapping, Proven, Staged
from rotation.ledger import keys
from rotation.ledger.fence import Claim, Fence, Place
from rotation.ports.tables import Delete, Upsert
from rotation.ports.vault import NewVersion
from rotation.workflows import rotate
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.scanning import begin_scan
from tests.crash import test_adopting, test_drift_crashes, test_rebuilding, test_reissuing
from tests.crash.driving import NIGHT, check, until_completed, until_overlapping
from tests.crash.table import marked, row, rows
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishap
from tests.fakes.tables import MemoryTables
from tests.fakes.world import VAULT, World, configure, destination

BEFORE, AFTER = 0, 1


def test_each_row_of_the_page_has_its_test_and_each_test_its_row() -> None:
    here = {name: died for name, died in marked(sys.modules[__name__]).items() if name.startswith("test_row_")}
    modules = (test_adopting, test_drift_crashes, test_rebuilding, test_reissuing)
    elsewhere = {died for module in modules for died in marked(module).values() if died}
    assert len(rows()) > 10
    assert set(here.values()) | elsewhere == set(rows())


async def point(name: str, *, nth: int, side: int) -> int:
    """Give the crash point before or after the n-th call of that name in a rotation that nothing disturbs."""
    trace = (await until_overlapping()).plan.trace
    calls = [place for place, call in enumerate(trace) if call == name]
    return 2 * calls[nth] + side


@row("before Planned committed")
async def test_row_before_planned_committed_it_is_planned_again_and_the_wake_goes_when_a_day_old() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    lost = RotationId(application.object_id, world.ulids.make())
    await world.services().wakes.set(lost, world.clock.now())
    await world.scan()
    await world.run(NIGHT)
    assert len(world.rotations()) == 1
    assert f"{lost.application}|{lost.ulid}" in await world.wakes()
    await world.run(timedelta(days=1, hours=1))
    assert f"{lost.application}|{lost.ulid}" not in await world.wakes()


@row("Planned committed, nudge not sent")
async def test_row_planned_committed_and_no_nudge_the_wake_nudges() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.queues.loses = True
    await world.open(application)
    assert world.phases() == ["planned"]
    world.queues.loses = False
    await world.run(timedelta(minutes=5))
    assert world.phases() != ["planned"]


@row("reserved, addPassword not sent or its answer lost")
async def test_row_reserved_and_addpassword_not_sent_the_next_attempt_mints() -> None:
    world = await until_overlapping(await point("MemoryDirectory.mint", nth=0, side=BEFORE))
    await check(world)
    assert world.events().count("minting.attempt") == 2
    assert len(world.directory.minted) == 1


@row("addPassword answered, vault write not done")
async def test_row_addpassword_answered_and_nothing_in_the_vault_it_is_a_lost_value_that_is_removed() -> None:
    world = await until_overlapping(await point("MemoryDirectory.mint", nth=0, side=AFTER))
    await check(world)
    lost = world.directory.minted[0].credential.key_id
    assert [key for _application, key in world.directory.removed] == [lost]
    assert "lost-value.removed" in world.events()


@row("vault write done, ledger not advanced")
async def test_row_vault_write_done_and_ledger_not_advanced_the_version_is_adopted() -> None:
    trace = (await until_overlapping()).plan.trace
    mint = trace.index("MemoryDirectory.mint")
    world = await until_overlapping(2 * (mint + 1) + AFTER)
    assert world.crashes == [f"point {2 * (mint + 1) + AFTER}, after MemoryVault.write"]
    await check(world)
    assert len(world.directory.minted) == 1
    assert world.directory.removed == []


@row("published, not advanced")
async def test_row_proven_and_not_published_it_is_published_and_not_twice() -> None:
    for side in (BEFORE, AFTER):
        world = await until_overlapping(await point("MemoryVault.write", nth=2, side=side))
        await check(world)
        (rotation,) = world.rotations()
        (line,) = (await world.record(rotation.id.application)).lines.values()
        vault = world.vaults.memory(line.enrolment.vault_url)
        assert len(await vault.versions(line.enrolment.secret_name)) == 1


@row("delivery sent, receipt not written")
async def test_row_delivery_sent_and_receipt_not_written_verify_settles_it() -> None:
    world = await until_overlapping(await point("MemoryIntegration.deliver", nth=0, side=AFTER))
    await check(world)
    assert [kept.times for kept in world.integrations.kinds["automatic"].stores.values()] == [1, 1]


@row("last delivery ended, rotation not told")
async def test_row_last_delivery_ended_and_its_rotation_not_told_the_wake_advances_it() -> None:
    """The process dies when the delivery is written as ended, and no message ever tells the rotation."""
    trace = (await until_overlapping()).plan.trace
    cleaned = max(place for place, call in enumerate(trace) if call == "MemoryIntegration.cleanup")
    ended = trace.index("MemoryTables.commit", cleaned)
    world = await until_overlapping(2 * ended + AFTER)
    assert world.crashes == [f"point {2 * ended + AFTER}, after MemoryTables.commit"]
    await check(world)


@row("a staged version was taken away by somebody")
async def test_row_a_staged_version_that_was_taken_away_is_minted_again_and_its_credential_goes() -> None:
    """While it is being proven, and right before it is published."""
    for phase, call, nth in ((Staged, "MemorySignIn.prove", 1), (Proven, "MemoryVault.write", 2)):
        world = await _died_at(await point(call, nth=nth, side=BEFORE))
        (rotation,) = world.rotations()
        assert isinstance(rotation.phase, phase)
        lost = rotation.phase.minted.key_id
        (line,) = (await world.record(rotation.id.application)).lines.values()
        staged = f"{line.enrolment.secret_name}-staged"
        for version in await world.vaults.memory(VAULT).versions(staged):
            await world.vaults.memory(VAULT).disable(staged, version.version)
        await world.run(NIGHT)
        await world.nights(2)
        await check(world)
        assert "staged.gone" in world.events()
        assert not world.directory.truth(rotation.id.application).holds(lost)


@row("an index entry or a wake was lost")
async def test_row_an_index_entry_or_a_wake_that_was_lost_is_written_anew_by_the_weekly_pass() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    for table in (keys.LINES, keys.WAKES):
        for kept in world.tables.all_rows(table):
            await world.tables.commit(table, kept.partition, [Delete(key=kept.key)])
    world.queues.take()
    await world.run(timedelta(days=1))
    assert world.phases() == ["planned"], "nothing looks at it"
    await begin_scan(world.services(), by="weekly", passes=("index",))
    await world.run(NIGHT)
    await check(world)
    assert len(world.tables.all_rows(keys.LINES)) == 1


@row("removePassword sent, not noted")
async def test_row_removepassword_answered_and_not_noted_two_reads_settle_it() -> None:
    trace = (await until_completed()).plan.trace
    call = trace.index("MemoryDirectory.remove")
    world = await until_completed(2 * call + AFTER)
    assert isinstance(world.rotations()[0].phase, Completed)
    assert len(world.directory.removed) == 1
    assert world.events().count("retired") == 1


@row("notice claimed, not sent")
async def test_row_notice_claimed_and_not_sent_it_is_sent_after_ten_minutes() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.channel.mishaps.plan("send", Mishap.LOST_BEFORE)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert sum("stopped (vault-refused)" in title for title in world.titles()) == 1


@row("Completed committed, notices not sent")
async def test_row_completed_and_outbox_not_sent_the_wake_stays_until_it_is() -> None:
    trace = (await until_completed()).plan.trace
    last_commit = max(place for place, call in enumerate(trace) if call == "MemoryQueues.send")
    for call in range(last_commit - 12, last_commit):
        world = await until_completed(2 * call + AFTER)
        assert isinstance(world.rotations()[0].phase, Completed)
        assert world.tables.all_rows(keys.NOTICES) == []
        assert not [row for row in world.tables.all_rows(keys.ROTATIONS) if "|outbox|" in row.key]
        assert await world.wakes() == []


@row("a worker wakes up after its lease ended")
async def test_row_a_late_worker_cannot_write_after_its_lease_was_taken() -> None:
    clock, tables = MovableClock(), MemoryTables()
    place = Place(table=keys.ROTATIONS, partition="p", key=keys.LEASE)
    length = timedelta(minutes=2)
    late = await Fence.take(tables, place, claim=Claim(owner="a", token="1", length=length), now=clock.now())
    clock.advance(length + timedelta(seconds=1))
    fresh = await Fence.take(tables, place, claim=Claim(owner="b", token="2", length=length), now=clock.now())
    change = Upsert(key="a|line|x", values={"state": "late"})
    with pytest.raises(StaleRecord):
        await late.commit([change], now=clock.now())
    await fresh.commit([Upsert(key="a|line|x", values={"state": "fresh"})], now=clock.now())
    row = await tables.get(keys.ROTATIONS, "p", "a|line|x")
    assert row is not None
    assert row.values["state"] == "fresh"


@row("a worker wakes up after its lease ended")
async def test_row_what_a_late_worker_minted_and_staged_is_disabled_and_removed() -> None:
    """Its ledger write fails; what it staged is of another attempt, what it minted an orphan."""
    world = World()
    application = world.add_application()
    await world.enrol(application)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    await world.open(application)
    await world.run(timedelta(seconds=1))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Minting)
    late = world.directory.minted[0]
    vault = world.vaults.memory(VAULT)
    line = await world.line(application)
    staged = f"{line.enrolment.secret_name}-staged"
    await world.run(timedelta(minutes=1))
    marks = {"rotation": rotation.id.ulid, "rotation-attempt": "1", "entra-key-id": late.credential.key_id}
    version = await vault.write(staged, NewVersion(text=late.text, tags=marks))
    await world.run(timedelta(hours=2))
    await world.nights(2)
    assert isinstance(world.rotations()[0].phase, Overlapping)
    assert not world.directory.truth(application.object_id).holds(late.credential.key_id)
    held = {each.version: each.enabled for each in await vault.versions(staged)}
    assert held[version] is False


@row("a conditional write went through, its answer did not")
@pytest.mark.parametrize("mishap", [Mishap.LOST_AFTER, Mishap.REPEATED])
async def test_row_a_conditional_write_went_through_and_its_answer_did_not_it_is_ours(mishap: Mishap) -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.open(application)
    world.tables.mishaps.always("commit", mishap)
    fence = await rotate.take_application(world.services(), world.rotations()[0].id)
    key = "a|line|probe"
    await fence.commit([Upsert(key=key, values={"state": "once"})], now=world.clock.now())
    world.tables.mishaps.always("commit", None)
    assert await world.tables.get(keys.ROTATIONS, application.object_id, key) is not None


@row("the application is gone")
async def test_row_application_gone_closes_the_rotation_and_cancels_its_hand_offs() -> None:
    for how in ("deleted-items", "not-found-twice"):
        world = await _handed_off()
        object_id = world.rotations()[0].id.application
        if how == "deleted-items":
            world.directory.delete(object_id)
        else:
            del world.directory._records[object_id]
        await nudge_rotation(world.services(), world.rotations()[0].id)
        await world.run(timedelta(hours=1))
        if how == "not-found-twice":
            assert world.phases() == ["delivering"], "one answer is no answer"
            await world.run(timedelta(days=1, hours=2))
        assert world.phases() == ["closed"], how
        record = await world.record(ObjectId(object_id))
        assert {stored.delivery.phase.phase for stored in record.deliveries.values()} == {"cancelled"}
        assert world.vaults.memory(VAULT).names(), "the vault secret is kept"
        assert world.directory.removed == []


class _DiedError(Exception):
    """Nobody goes on for now."""


async def _died_at(*points: int) -> World:
    """Give the world of `until_overlapping` right after the process died there; messages in hand are lost."""
    world = World(configuration=configure(destination("store"), destination("second")))
    await world.enrol(world.add_application())
    world.crash_at(*points)

    def stop() -> None:
        if world.crashes:
            raise _DiedError

    async def night() -> None:
        await world.scan()
        await world.run(NIGHT)

    world.after_each = stop
    with pytest.raises(_DiedError):
        await night()
    world.after_each = lambda: None
    return world


async def _handed_off() -> World:
    world = World(configuration=configure(destination("portal", "person")))
    application = world.add_application()
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=1))
    assert world.phases() == ["delivering"]
    return world
