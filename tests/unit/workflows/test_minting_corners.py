"""Planned and Minting where the world is against them: windows, flapping reads, a vault or a policy that changes its mind."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import NotYetVisible, OutcomeUnknown, Retryable, VaultRefused
from rotation.domain.identifiers import KeyId
from rotation.domain.line import HeldKey, Reason
from rotation.domain.policy import Mode
from rotation.domain.rotation import Blocked, Minting, Overlapping, Planned, Staged
from rotation.domain.window import Window
from rotation.ledger import keys
from rotation.ports.directory import CredentialRules
from rotation.ports.vault import NewVersion
from rotation.workflows import rotate, tags
from rotation.workflows.phases import minting
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World
from tests.unit.workflows.stepping import DAY, HOUR, put, step_of, until, when

SHUT = Window(opens=time(12), closes=time(13))
"""It is two at night."""


async def opened(world: World, reason: Reason = Reason.REQUESTED) -> Application:
    application = world.add_application()
    await world.enrol(application)
    await world.open(application, reason)
    return application


async def staged_name(world: World, application: Application) -> str:
    return f"{(await world.line(application)).enrolment.secret_name}-staged"


async def test_a_window_that_closed_after_the_opening_holds_the_first_mint() -> None:
    world = World()
    await opened(world, Reason.DUE)
    world.change_policy(window=SHUT)
    await world.run(HOUR)
    assert isinstance(world.rotations()[0].phase, Planned)
    await world.run(12 * HOUR)
    assert world.phases() == ["overlapping"]


async def test_what_an_earlier_attempt_staged_is_disabled_when_the_next_one_looks() -> None:
    world = World()
    application = await opened(world)
    world.directory.mishaps.plan("mint", Mishap.LOST_BEFORE)
    await until(world, Minting)
    late = world.directory.add_secret(application.object_id, end_at=world.clock.now() + DAY)
    marks = {
        tags.ROTATION: world.rotations()[0].id.ulid,
        tags.ATTEMPT: "7",
        tags.KEY_ID: late.credential.key_id,
    }
    vault, name = world.vaults.memory(VAULT), await staged_name(world, application)
    version = await vault.write(name, NewVersion(text=late.text, tags=marks))
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    assert {each.version: each.enabled for each in vault.kept(name)}[version] is False
    assert world.directory.removed == [], "nobody of ours minted it"


async def died_after_staging(world: World) -> Application:
    """The text is in the vault, and the ledger does not know."""
    application = await opened(world)
    probe = World()
    await opened(probe)
    probe.crash_at()
    await probe.run(HOUR)
    staging = probe.plan.trace.index("MemoryVault.write", probe.plan.trace.index("MemoryDirectory.mint"))
    world.crash_at(2 * staging + 1)
    await until(world, Minting)
    await world.run(timedelta(seconds=1))
    return application


async def test_a_staged_credential_that_is_not_listed_yet_is_waited_for() -> None:
    world = World()
    world.directory.read_lag, world.directory.staleness = timedelta(minutes=3), lambda: 1.0
    await died_after_staging(world)
    await world.run(HOUR)
    assert world.crashes
    assert len(world.directory.minted) == 1, "it was adopted"
    assert world.phases() == ["overlapping"]


async def test_what_is_no_longer_listed_when_it_is_adopted_is_waited_for() -> None:
    """The look before listed it, this read does not: nothing is written on that."""
    world = World()
    application = await died_after_staging(world)
    world.directory.drop_secret(application.object_id, world.directory.minted[0].credential.key_id)
    async with step_of(world) as step:
        versions = await step.vault.versions(step.staged_name)
        (version,) = [each for each in versions if tags.KEY_ID in each.tags]
        with pytest.raises(NotYetVisible, match=r"^the staged credential is not listed yet$") as unseen:
            await minting._adopt(step, version)
        assert unseen.value.retry_after == world.timing.look_spacing
        assert isinstance(step.rotation.phase, Minting)


async def test_a_staged_credential_that_flaps_is_adopted_in_the_end() -> None:
    """The first read lists it, the next one does not: nothing is decided on that."""
    world = World()
    await died_after_staging(world)
    answers: Iterator[float] = iter([0.0, 1.0])
    world.directory.read_lag = timedelta(minutes=10)
    world.directory.staleness = lambda: next(answers, 0.0)
    await world.run(timedelta(minutes=5))
    assert next(answers, None) is None
    assert len(world.directory.minted) == 1
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]


async def test_a_staged_credential_that_is_never_listed_is_given_up_and_minted_again() -> None:
    world = World()
    application = await died_after_staging(world)
    lost = world.directory.minted[0].credential.key_id
    world.directory.drop_secret(application.object_id, lost)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]
    assert world.events().count("minting.attempt") == 2
    assert (await world.line(application)).current == world.directory.minted[1].credential.key_id


async def test_a_policy_that_forbids_secrets_since_it_was_planned_blocks() -> None:
    world = World()
    application = await opened(world)
    world.directory.record(application.object_id).rules = CredentialRules(addition_forbidden=True)
    await world.run(HOUR)
    phase = world.rotations()[0].phase
    assert isinstance(phase, Blocked)
    assert phase.reason == "policy-forbids"
    assert world.directory.minted == []


async def test_a_vault_that_refuses_right_after_the_mint_costs_that_mint_and_no_other() -> None:
    """The text is lost: its credential is found by its marker, removed, and minted again."""
    world = World()
    await opened(world)
    vault = world.vaults.memory(VAULT)
    when(world, "MemoryDirectory.mint", lambda: setattr(vault, "refusing", "vault-refused"))
    await world.run(timedelta(seconds=40))
    assert isinstance(world.rotations()[0].phase, Minting | Blocked)
    vault.refusing = None
    await world.nights(1)
    assert isinstance(world.rotations()[0].phase, Overlapping)
    assert len(world.directory.minted) == 2
    assert [key for _application, key in world.directory.removed] == [world.directory.minted[0].credential.key_id]


async def test_a_directory_that_takes_no_secrets_for_hours_is_tried_ever_less_often_and_stops_nothing() -> None:
    """The looks between two attempts are no success: twenty attempts must last longer than any bad morning."""
    world = World()
    await opened(world)
    world.directory.mishaps.always("mint", Mishap.UNAVAILABLE)
    await world.run(4 * HOUR)
    assert isinstance(world.rotations()[0].phase, Minting)
    assert world.events().count("minting.attempt") < 16
    world.directory.mishaps.always("mint", None)
    await world.run(2 * HOUR)
    assert world.phases() == ["overlapping"]


async def test_what_fails_for_a_day_stops_with_the_last_reason() -> None:
    world = World()
    await opened(world)
    world.directory.reads.always("application", Mishap.UNAVAILABLE)
    await world.run(30 * HOUR)
    phase = world.rotations()[0].phase
    assert isinstance(phase, Blocked)
    assert phase.reason == "gave-up"
    assert phase.detail == "still unavailable: application: not now"
    assert isinstance(phase.resumes, Minting)


async def test_a_step_takes_so_many_moves_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate, "MOVES_A_STEP", 1)
    world = World()
    await opened(world)
    await rotate.advance(world.calm(), world.rotations()[0].id)
    assert isinstance(world.rotations()[0].phase, Minting)
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]


async def test_a_line_that_left_its_policy_blocks_its_rotation() -> None:
    world = World()
    await opened(world)
    await until(world, Staged)
    world.change_policy(lines=())
    await world.run(HOUR)
    phase = world.rotations()[0].phase
    assert isinstance(phase, Blocked)
    assert phase.reason == "policy-gone"


async def test_a_policy_that_says_monitor_holds_and_lets_go() -> None:
    world = World()
    await opened(world)
    await until(world, Staged)
    (policy,) = world.settings.now.policies
    world.change_policy(mode=Mode.MONITOR)
    await world.run(HOUR)
    assert isinstance(world.rotations()[0].phase, Staged)
    world.settings.now = replace(world.settings.now, policies=(policy,))
    await world.run(HOUR)
    assert world.phases() == ["overlapping"]


# What an earlier attempt left.


async def at_attempt_two(world: World) -> tuple[Application, KeyId]:
    """The answer to the first addPassword was lost: its credential is listed, and nobody knows its text."""
    application = await opened(world)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    await until(world, Minting)
    phase = world.rotations()[0].phase
    assert isinstance(phase, Minting)
    while not (phase.asked and world.directory.minted):
        async with step_of(world) as step:
            with suppress(OutcomeUnknown):
                await minting.carry(step)
        phase = world.rotations()[0].phase
        assert isinstance(phase, Minting)
    return application, world.directory.minted[0].credential.key_id


async def looked(world: World) -> datetime | None:
    async with step_of(world) as step:
        return await minting.carry(step)


async def test_a_lost_value_goes_after_two_looks_with_time_between() -> None:
    world = World()
    application, lost = await at_attempt_two(world)
    spacing, first = world.timing.look_spacing, world.clock.now()
    assert await looked(world) == first + spacing
    phase = world.rotations()[0].phase
    assert isinstance(phase, Minting)
    assert (phase.attempt, phase.suspects, phase.looked_at) == (2, (lost,), first)
    world.clock.advance(spacing - timedelta(microseconds=1))
    assert await looked(world) == first + spacing
    assert world.directory.removed == [], "too soon"
    world.clock.set(first + spacing)
    assert await looked(world) == first + 2 * spacing
    assert world.directory.removed == [(application.object_id, lost)]
    phase = world.rotations()[0].phase
    assert isinstance(phase, Minting)
    assert phase.suspects == ()
    (told,) = [
        row.values for row in world.tables.all_rows(keys.ROTATIONS) if row.values.get("what") == "lost-value.removed"
    ]
    assert (told["key_ids"], told["rotation"]) == (lost, world.rotations()[0].id.ulid)
    assert len(world.directory.minted) == 1, "what it left is gone before the next one is sent"
    world.clock.advance(spacing)
    assert await looked(world) is None
    assert isinstance(world.rotations()[0].phase, Staged)


@pytest.mark.parametrize("published", [True, False])
async def test_what_any_version_carries_is_no_lost_value(published: bool) -> None:
    """Of either name, enabled or not: somebody may live by it."""
    world = World()
    application, kept = await at_attempt_two(world)
    vault, staged = world.vaults.memory(VAULT), await staged_name(world, application)
    name = staged.removesuffix("-staged") if published else staged
    text, marks = world.directory.minted[0].text, {tags.KEY_ID: kept}
    await vault.write(name, NewVersion(text=text, tags=marks, enabled=False))
    for _look in range(4):
        await looked(world)
        world.clock.advance(world.timing.look_spacing)
        if isinstance(world.rotations()[0].phase, Staged):
            break
    assert world.directory.removed == []
    assert len(world.directory.minted) == 2


async def test_what_the_line_holds_is_no_lost_value_whatever_it_is_called() -> None:
    world = World()
    _application, ours = await at_attempt_two(world)
    async with step_of(world) as step:
        line = step.line
        step.record.lines[line.id.name] = replace(line, keys=(*line.keys, HeldKey(key_id=ours, end_at=step.now)))
        assert await minting._lost(step) == ()
        step.record.lines[line.id.name] = line
        assert await minting._lost(step) == (ours,)
        step.rotation = replace(step.rotation, adopted=(ours,))
        assert await minting._lost(step) == ()


async def test_three_refusals_of_the_vault_are_enough_and_are_counted_anew() -> None:
    world = World()
    await opened(world)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    put(world, replace(world.rotations()[0], phase=Minting(attempt=1)))
    for refusals in (1, 2):
        async with step_of(world) as step:
            with pytest.raises(Retryable) as refused:
                await minting.carry(step)
        assert (refused.value.reason, refused.value.retry_after) == ("vault-refused", world.timing.look_spacing)
        assert refused.value.message == "the vault says no"
        phase = world.rotations()[0].phase
        assert isinstance(phase, Minting)
        assert (phase.attempt, phase.vault_refusals) == (1, refusals)
    async with step_of(world) as step:
        with pytest.raises(VaultRefused):
            await minting.carry(step)
    assert world.rotations()[0].phase == Minting(attempt=1)


async def test_what_is_staged_and_not_listed_is_looked_at_again_soon_and_five_times() -> None:
    world = World()
    application = await died_after_staging(world)
    world.directory.drop_secret(application.object_id, world.directory.minted[0].credential.key_id)
    world.clock.advance(timedelta(minutes=3))
    for tries in range(minting.VISIBILITY_TRIES):
        put(world, replace(world.rotations()[0], tries=tries))
        async with step_of(world) as step:
            with pytest.raises(NotYetVisible) as unseen:
                await minting.carry(step)
        assert unseen.value.retry_after == world.timing.look_spacing
        assert unseen.value.message == "the staged credential is not listed yet"
    put(world, replace(world.rotations()[0], tries=minting.VISIBILITY_TRIES))
    await looked(world)
    phase = world.rotations()[0].phase
    assert isinstance(phase, Minting)
    assert phase.attempt == 2
