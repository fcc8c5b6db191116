"""Proven and Published, a step at a time: what a published version says of itself, and what is never written over."""

from dataclasses import replace

import pytest

from rotation.domain.credential import Application
from rotation.domain.delivery import AwaitingApproval
from rotation.domain.errors import VaultNameTaken
from rotation.domain.identifiers import AudienceName, SecretVersion
from rotation.domain.policy import Destination
from rotation.domain.rotation import Delivering, Proven, Published
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.ledger.expiries import all_expiries
from rotation.ledger.wakes import Wake
from rotation.ports.vault import NewVersion
from rotation.workflows import deliver, tags
from rotation.workflows.phases import minting, proving, publishing
from rotation.workflows.step import Step
from tests.fakes.world import World, configure, destination, rotation_id
from tests.unit.workflows.stepping import DAY, step_of
from tests.unit.workflows.test_removal_corners import told

STORE, SECOND = destination("store"), destination("second")


async def proven(*destinations: Destination) -> tuple[World, Application]:
    world = World(configuration=configure(*(destinations or (STORE,))))
    application = world.add_application(ends_in=100 * DAY)
    await world.enrol(application)
    await world.open(application)
    async with step_of(world) as step:
        await minting.plan(step)
        await minting.carry(step)
        while not isinstance(step.rotation.phase, Proven):
            world.clock.set(await proving.carry(step) or world.clock.now())
    return world, application


def staged(step: Step) -> Proven:
    phase = step.rotation.phase
    assert isinstance(phase, Proven)
    return phase


async def test_a_published_version_says_whose_it_is_and_when_it_ends() -> None:
    world, application = await proven()
    async with step_of(world) as step:
        minted = staged(step).minted
        name = step.line.enrolment.secret_name
        await publishing.publish(step)
        (version,) = tags.latest(await step.vault.versions(name))
        assert dict(version.tags) == {
            tags.ROTATION: step.rotation.id.ulid,
            tags.LINE: f"{application.object_id}|default",
            tags.ATTEMPT: str(minted.attempt),
            tags.CLIENT_ID: application.client_id,
            tags.KEY_ID: minted.key_id,
        }
        assert version.expires_at == minted.end_at
        assert (step.line.version, step.line.minted_at) == (version.version, minted.minted_at)
    (fact,) = told(world, "published.version")
    assert (fact["key_id"], fact["version"]) == (minted.key_id, version.version)
    assert fact["end_at"] == str(minted.end_at)


async def strange(step: Step, name: str, *, marks: dict[str, str] | None = None) -> SecretVersion:
    """Let somebody else write a version."""
    return await step.vault.write(name, NewVersion(text=SecretText("a stranger's"), tags=marks or {}))


async def test_what_is_not_this_lines_is_never_written_over() -> None:
    world, _application = await proven()
    async with step_of(world) as step:
        name = step.line.enrolment.secret_name
        version = await strange(step, name)
        with pytest.raises(VaultNameTaken) as taken:
            await publishing.publish(step)
        assert taken.value.message == f"the latest version of {name} is not this line's"
        assert taken.value.facts == {"version": version}
        assert [each.version for each in tags.latest(await step.vault.versions(name))] == [version]
        step.record.lines[step.line.id.name] = replace(step.line, version=version)
        await publishing.publish(step)
        assert isinstance(step.rotation.phase, Published), "what the line knows as its own is"


async def test_a_version_of_an_earlier_attempt_or_a_disabled_one_is_not_taken_for_published() -> None:
    world, application = await proven()
    async with step_of(world) as step:
        phase, name = staged(step), step.line.enrolment.secret_name
        ours = {tags.ROTATION: step.rotation.id.ulid, tags.LINE: f"{application.object_id}|default"}
        earlier = await strange(step, name, marks={**ours, tags.KEY_ID: "another"})
        disabled = await strange(step, name, marks={**ours, tags.KEY_ID: phase.minted.key_id})
        await step.vault.disable(name, disabled)
        await publishing.publish(step)
        assert step.rotation.publication is not None
        assert step.rotation.publication.version not in {earlier, disabled}


async def test_the_end_is_recorded_with_all_that_people_are_told_by() -> None:
    world, application = await proven()
    world.change_policy(audience=AudienceName("servers"))
    async with step_of(world) as step:
        await publishing.publish(step)
        await publishing.plan_deliveries(step)
        held = step.line.current_key
        assert held is not None
        minted = next(each for each in world.directory.minted)
        (row,) = [each async for each in all_expiries(world.tables) if each.key_id == held.key_id]
    assert (row.object_id, row.client_id, row.application) == (
        application.object_id,
        application.client_id,
        application.display_name,
    )
    assert (row.kind, row.status, row.line, row.audience) == ("secret", "current", "default", "servers")
    assert (row.end_at, row.credential_name) == (held.end_at, minted.credential.display_name)
    assert row.policy == world.settings.now.policies[0].name


async def test_who_hears_of_the_end_where_the_policy_names_nobody() -> None:
    world, _application = await proven()
    world.settings.now = replace(world.settings.now, fallback_audience=AudienceName("ops"))
    async with step_of(world) as step:
        await publishing.publish(step)
        await publishing.record_end(step)
        key_id = step.line.current_key
        assert key_id is not None
        (row,) = [each async for each in all_expiries(world.tables) if each.key_id == key_id.key_id]
    assert row.audience == "ops"


async def test_only_this_rotations_staged_copies_are_disabled_with_the_publication() -> None:
    world, application = await proven()
    async with step_of(world) as step:
        await publishing.publish(step)
        marks = {tags.ROTATION: "01ARZ3NDEKTSV4RRFFQ69G5FAV", tags.LINE: f"{application.object_id}|default"}
        theirs = await strange(step, step.staged_name, marks=marks)
        await publishing.plan_deliveries(step)
        enabled = {each.version for each in await step.vault.versions(step.staged_name) if each.enabled}
    assert theirs in enabled
    assert not [v for v in enabled if v == step.rotation.publication.staged_version]  # type: ignore[union-attr]


async def test_a_delivery_that_is_looked_at_before_it_is_planned_is_looked_at_again() -> None:
    """Its wake is written first, and whoever plans it may die in between; a line that was released needs none."""
    world, application = await proven()
    async with step_of(world) as step:
        await publishing.publish(step)
    rotation, services = rotation_id(world), world.calm()
    await services.wakes.set(rotation, world.clock.now(), destination=STORE.name)
    await deliver.advance(services, rotation, STORE.name)
    (wake,) = [each for each in await looks(world) if each.destination]
    assert wake.look_at == world.clock.now() + services.timing.paused_recheck
    assert (await world.record(application.object_id)).deliveries == {}

    await world.release(application)
    await deliver.advance(services, rotation, STORE.name)
    assert [each for each in await looks(world) if each.destination] == []


async def looks(world: World) -> list[Wake]:
    return [each async for each in world.calm().wakes.due(world.clock.now() + 900 * DAY)]


async def test_each_delivery_has_its_wake_before_it_is_there_and_who_is_to_say_yes_is_told_once() -> None:
    asked = replace(SECOND, approval=True)
    world, application = await proven(STORE, SECOND)
    world.name_destinations(STORE, asked)
    async with step_of(world) as step:
        await publishing.publish(step)
        await publishing.plan_deliveries(step)
        assert isinstance(step.rotation.phase, Delivering)
        stored = step.record.deliveries_of(step.rotation.id.ulid)
        assert isinstance(stored[asked.name].delivery.phase, AwaitingApproval)
        assert [entry.kind for entry in step.record.outbox.values()] == ["approval-asked"]
        wakes = {row.key for row in world.tables.all_rows(keys.WAKES)}
    ulid = world.rotations()[0].id.ulid
    assert {f"{application.object_id}|{ulid}|{name}" for name in ("store", "second")} <= wakes
