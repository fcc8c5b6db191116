"""Planned and Minting, a step at a time: what is removed on the way to a mint, and what is written down of it."""

from dataclasses import replace

import pytest

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import BrokenInvariant, CredentialLimit, NeedsPerson, NotYetVisible
from rotation.domain.line import Reason
from rotation.domain.rotation import Minting, Staged
from rotation.workflows import tags
from rotation.workflows.phases import minting
from rotation.workflows.step import Hold
from tests.fakes.world import World
from tests.unit.workflows.stepping import DAY, HOUR, put, step_of
from tests.unit.workflows.test_removal_corners import SHUT, told

PERSONAL = "AzureADandPersonalMicrosoftAccount"


async def planned(*, secrets: int = 1, audience: str = "AzureADMyOrg") -> tuple[World, Application]:
    world = World()
    application = replace(world.add_application(secrets=secrets, ends_in=100 * DAY), audience=audience)
    world.directory.change(application)
    await world.enrol(application)
    await world.open(application, Reason.REQUESTED)
    return world, application


def ended(world: World, application: Application, *places: int) -> Application:
    """Let the secrets at these places have ended an hour ago."""
    ago = world.clock.now() - HOUR
    secrets = [
        replace(secret, end_at=ago) if place in places else secret for place, secret in enumerate(application.secrets)
    ]
    return replace(application, secrets=tuple(secrets))


async def test_of_two_that_an_application_may_hold_an_ended_one_of_ours_makes_room() -> None:
    world, application = await planned(secrets=2, audience=PERSONAL)
    old = application.secrets[1].key_id
    async with step_of(world) as step:
        with pytest.raises(NotYetVisible, match=r"^a slot is being freed$") as later:
            await minting._make_room(step, ended(world, application, 1))
        assert later.value.retry_after == world.timing.look_spacing
    assert world.directory.removed == [(application.object_id, old)]
    (freed,) = told(world, "slot.freed")
    assert (freed["key_id"], freed["why"]) == (old, "expired; the application may hold only two")


async def test_what_is_valid_or_not_ours_makes_no_room() -> None:
    world, application = await planned(secrets=2, audience=PERSONAL)
    async with step_of(world) as step:
        with pytest.raises(CredentialLimit, match="holds 2 of 2 secrets, none of ours has ended"):
            await minting._make_room(step, application)
        step.record.lines[step.line.id.name] = replace(step.line, keys=())
        with pytest.raises(CredentialLimit):
            await minting._make_room(step, ended(world, application, 0, 1))
    assert world.directory.removed == []


async def test_where_there_is_room_nothing_is_removed() -> None:
    world, application = await planned(audience=PERSONAL)
    async with step_of(world) as step:
        one = ended(world, application, 0)
        await minting._make_room(step, one)
        await minting._make_room(step, replace(one, audience="AzureADMyOrg", secrets=one.secrets * 5))
    assert world.directory.removed == []


async def test_a_secret_without_our_marker_is_removed_at_once_and_stops_the_rotation() -> None:
    world, application = await planned()
    world.directory.spoil_display_names = " (changed)"
    async with step_of(world) as step:
        await minting.plan(step)
        with pytest.raises(BrokenInvariant, match=r"^the directory did not keep our marker in the display name$") as no:
            await minting.carry(step)
    assert no.value.reason == "marker-refused"
    key_id = world.directory.minted[0].credential.key_id
    assert world.directory.removed == [(application.object_id, key_id)]
    assert [each["key_id"] for each in told(world, "marker.refused")] == [key_id]


async def test_the_name_is_reserved_by_a_version_that_nobody_can_read() -> None:
    world, _application = await planned()
    async with step_of(world) as step:
        await minting.plan(step)
        await minting._reserve(step)
        (reserved,) = await step.vault.versions(step.staged_name)
        assert not reserved.enabled
        assert reserved.tags[tags.ROTATION] == step.rotation.id.ulid


async def test_what_is_staged_is_adopted_with_an_event_that_names_it() -> None:
    world, _application = await planned()
    async with step_of(world) as step:
        await minting.plan(step)
        await minting.carry(step)
        phase = step.rotation.phase
        assert isinstance(phase, Staged)
        staged: Credential = world.directory.minted[0].credential
        assert phase.minted.hint == staged.hint is not None
    assert [each["key_id"] for each in told(world, "staged.key")] == [staged.key_id]


async def test_attempts_are_counted_one_by_one_and_end() -> None:
    world, _application = await planned()
    before = Minting(attempt=2, asked=True, vault_refusals=1, allowed=3)
    put(world, replace(world.rotations()[0], phase=before))
    async with step_of(world) as step:
        await minting._count(step)
        assert step.rotation.phase == Minting(attempt=3, vault_refusals=1, allowed=3)
        with pytest.raises(NeedsPerson, match=r"^3 attempts to mint have failed$") as enough:
            await minting._count(step)
    assert enough.value.reason == "gave-up"


async def test_a_shut_window_holds_what_can_wait_and_is_passed_with_a_word_by_what_cannot() -> None:
    world, _application = await planned()
    rotation = world.rotations()[0]
    world.change_policy(window=SHUT)
    put(world, replace(rotation, urgent=False))
    async with step_of(world) as step:
        with pytest.raises(Hold, match="outside the window") as held:
            await minting.plan(step)
        assert held.value.until == world.clock.now() + HOUR
    put(world, replace(rotation, urgent=True))
    async with step_of(world) as step:
        await minting.plan(step)
        assert step.rotation.phase == Minting()
    why = "a person asked, or the old credential would end first"
    assert [each["why"] for each in told(world, "window.passed")] == [why]


async def test_where_the_window_is_open_no_word_is_needed() -> None:
    world, _application = await planned()
    async with step_of(world) as step:
        await minting.plan(step)
    assert told(world, "window.passed") == []
