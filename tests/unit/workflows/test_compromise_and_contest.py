"""A declared compromise, somebody else at work on our credentials, and what a person may do to a rotation."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.identifiers import KeyId
from rotation.domain.line import Reason
from rotation.domain.rotation import Blocked, Staged
from rotation.workflows import showing
from rotation.workflows.finding import find_application
from rotation.workflows.opening import Opened
from rotation.workflows.operating import abandon, retry
from tests.fakes.mishaps import Mishap
from tests.fakes.sign_in import UNKNOWN
from tests.fakes.world import QUICK, VAULT, World, configure, destination

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PORTAL = destination("portal", "person")


async def enrolled(world: World, *, secrets: int = 1, ends_in: timedelta = 100 * DAY) -> Application:
    application = world.add_application(secrets=secrets, ends_in=ends_in)
    await world.enrol(application)
    return application


def removed(world: World) -> list[KeyId]:
    return [key for _application, key in world.directory.removed]


async def test_burnt_key_ids_go_as_soon_as_automatic_destinations_verify() -> None:
    """Without overlap and quiet; a person's hand-off does not keep a stolen secret alive, and others stay."""
    world = World(configuration=configure(destination("store"), PORTAL))
    application = await enrolled(world, secrets=2)
    burnt = application.secrets[0].key_id
    await world.open(application, Reason.COMPROMISED, burnt=(burnt,))
    await world.run(timedelta(hours=1))
    assert removed(world) == [burnt]
    assert world.stored("store") == (await world.line(application)).current


async def test_burnt_key_ids_wait_for_an_automatic_destination_that_fails() -> None:
    world = World()
    application = await enrolled(world)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    await world.open(application, Reason.COMPROMISED, burnt=(application.secrets[0].key_id,))
    await world.run(timedelta(hours=5))
    assert removed(world) == []
    world.integrations.kinds["automatic"].mishaps.always("deliver", None)
    await world.run(timedelta(hours=3))
    assert removed(world) == [application.secrets[0].key_id]


async def test_now_removes_burnt_key_ids_before_anything_is_delivered() -> None:
    world = World()
    application = await enrolled(world)
    world.integrations.kinds["automatic"].mishaps.always("deliver", Mishap.UNAVAILABLE)
    burnt = (application.secrets[0].key_id,)
    await world.open(application, Reason.COMPROMISED, burnt=burnt, remove_first=True)
    await world.run(timedelta(hours=1))
    assert removed(world) == list(burnt)
    assert world.stored("store") is None


async def test_a_compromise_succeeds_an_open_rotation_whose_own_key_is_burnt() -> None:
    world = World()
    application = await enrolled(world, ends_in=20 * DAY)
    await world.nights(1)
    newest = (await world.line(application)).current
    assert newest is not None
    await world.open(application, Reason.COMPROMISED, burnt=(newest,))
    await world.run(timedelta(hours=1))
    assert removed(world) == [newest]
    assert world.phases()[0] == "closed"


async def test_a_compromise_from_the_declaration_to_the_last_removal() -> None:
    """The old key and the newest are burnt, the newest still in its overlap; an intruder's key stays and is shown."""
    world = World(configuration=configure(destination("store"), PORTAL))
    application = await enrolled(world)
    await world.open(application)
    await world.run(timedelta(hours=1))
    newest = (await world.line(application)).current
    intruder = world.directory.add_secret(application.object_id, end_at=world.clock.now() + 900 * DAY).credential
    assert newest is not None
    burnt = (application.secrets[0].key_id, newest)
    for key_id in burnt:
        assert world.usage is not None
        world.usage.see(application.client_id, key_id)
    await world.open(application, Reason.COMPROMISED, burnt=burnt, remove_first=True)
    await world.nights(2)
    assert set(removed(world)) == set(burnt), "seen in use, and no window or silence holds them"
    assert world.phases() == ["closed", "overlapping"], "the first was succeeded; a person has yet to paste"
    line = await world.line(application)
    assert [key.key_id for key in line.keys] == [line.current]
    truth = world.directory.truth(application.object_id)
    assert {secret.key_id for secret in truth.secrets} == {line.current, intruder.key_id}
    assert world.stored("store") == line.current
    seen = await showing.application(world.services(), await find_application(world.services(), truth.object_id))
    whose = {secret.key_id: secret.line for secret in seen.secrets}
    assert whose == {line.current: "default", intruder.key_id: None}


async def test_a_compromise_joins_a_rotation_that_has_published_nothing() -> None:
    world = World()
    application = await enrolled(world)
    await world.open(application)
    answer = await world.open(application, Reason.COMPROMISED, burnt=(application.secrets[0].key_id,))
    assert isinstance(answer, Opened)
    assert answer.joined
    await world.run(timedelta(hours=1))
    assert len(world.rotations()) == 1
    assert removed(world) == [application.secrets[0].key_id]


async def test_an_unpublished_rotation_whose_own_key_is_burnt_is_abandoned_in_the_same_transaction() -> None:
    world = World()
    application = await enrolled(world)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(timedelta(minutes=1))
    (first,) = world.rotations()
    assert isinstance(first.phase, Staged)
    own = first.phase.minted.key_id
    world.sign_in.mishaps.always("prove", None)
    await world.open(application, Reason.COMPROMISED, burnt=(own, application.secrets[0].key_id))
    await world.run(timedelta(hours=3))
    assert world.phases()[0] == "abandoned"
    assert set(removed(world)) == {own, application.secrets[0].key_id}
    line = await world.line(application)
    assert [key.key_id for key in line.keys] == [line.current]


async def test_a_foreign_key_id_cannot_be_declared_burnt() -> None:
    world = World()
    application = await enrolled(world)
    foreign = world.directory.add_secret(application.object_id, end_at=world.clock.now() + DAY)
    with pytest.raises(Refused) as refused:
        await world.open(application, Reason.COMPROMISED, burnt=(foreign.credential.key_id,))
    assert refused.value.reason == "foreign-key"


async def test_our_credential_removed_by_somebody_is_made_again_once_and_then_contested() -> None:
    world = World()
    application = await enrolled(world, ends_in=5 * DAY)
    await world.nights(1)
    first = (await world.line(application)).current
    assert first is not None
    world.directory.drop_secret(application.object_id, first)
    await world.nights(1)
    second = (await world.line(application)).current
    assert second not in {None, first}
    assert world.rotations()[-1].reason is Reason.GONE
    assert second is not None
    world.directory.drop_secret(application.object_id, second)
    await world.nights(3)
    assert len(world.rotations()) == 2
    line = await world.line(application)
    assert line.blocked is not None
    assert line.blocked.reason == "contested"


async def test_invariant_only_what_is_ours_foreign_credentials_and_strays_are_never_removed() -> None:
    world = World()
    application = await enrolled(world, ends_in=20 * DAY)
    end = world.clock.now() + 300 * DAY
    stray = f"managed (rotation:{'0' * 25}1.1)"
    others = [
        world.directory.add_secret(application.object_id, end_at=end, display_name=name).credential.key_id
        for name in ("by hand", stray, None)
    ]
    await world.nights(60)
    truth = world.directory.truth(application.object_id)
    assert all(truth.holds(other) for other in others)
    assert removed(world) == [application.secrets[0].key_id]


async def test_abandon_gives_up_what_is_not_published_and_its_credential_goes() -> None:
    world = World()
    application = await enrolled(world)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(timedelta(minutes=1))
    (rotation,) = world.rotations()
    assert rotation.minted is not None
    await abandon(world.services(), rotation.id, by="anna", why="wrong day")
    await world.run(timedelta(hours=3))
    assert world.phases() == ["abandoned"]
    assert removed(world) == [rotation.minted.key_id]
    staged = await world.vaults.at(VAULT).versions(f"entra-{application.client_id}-default-staged")
    assert not any(version.enabled for version in staged)
    assert (await world.line(application)).open is None
    assert await world.wakes() == []


async def test_what_has_published_cannot_be_abandoned() -> None:
    world = World()
    await enrolled(world, ends_in=20 * DAY)
    await world.nights(1)
    with pytest.raises(Refused) as refused:
        await abandon(world.services(), world.rotations()[0].id, by="anna", why="x")
    assert refused.value.reason == "published"


async def test_retry_lets_a_blocked_rotation_go_on_from_where_it_stopped() -> None:
    world = World()
    application = await enrolled(world)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.open(application)
    await world.run(timedelta(hours=1))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Blocked)
    assert rotation.phase.reason == "vault-refused"
    assert world.directory.minted == [], "refused before anything was minted"
    world.vaults.memory(VAULT).refusing = None
    await retry(world.services(), rotation.id, by="anna")
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]
    with pytest.raises(Refused):
        await retry(world.services(), rotation.id, by="anna")


async def test_a_soft_deleted_vault_name_is_no_answer_and_blocks() -> None:
    world = World()
    application = await enrolled(world)
    name = (await world.line(application)).enrolment.secret_name
    world.vaults.memory(VAULT).soft_delete(f"{name}-staged")
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["blocked"]
    assert world.directory.minted == []
    world.vaults.memory(VAULT).recover(f"{name}-staged")
    await world.nights(1)
    assert world.phases() == ["overlapping"], "the nightly look finds the reason gone"


async def test_a_staged_version_that_somebody_disables_is_a_lost_value_and_minted_again() -> None:
    world = World()
    application = await enrolled(world)
    world.sign_in.mishaps.always("prove", Mishap.UNAVAILABLE)
    await world.open(application)
    await world.run(timedelta(minutes=1))
    phase = world.rotations()[0].phase
    assert isinstance(phase, Staged)
    name = (await world.line(application)).enrolment.secret_name
    await world.vaults.at(VAULT).disable(f"{name}-staged", phase.staged_version)
    world.sign_in.mishaps.always("prove", None)
    await world.run(timedelta(hours=3))
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert removed(world) == [phase.minted.key_id]


async def test_a_directory_that_does_not_keep_our_marker_blocks_and_leaves_nothing() -> None:
    world = World()
    application = await enrolled(world)
    world.directory.spoil_display_names = " (tagged by IT)"
    await world.open(application)
    await world.run(timedelta(minutes=10))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Blocked)
    assert rotation.phase.reason == "marker-refused"
    assert [s.key_id for s in world.directory.truth(application.object_id).secrets] == [application.secrets[0].key_id]


async def test_a_secret_that_never_signs_in_is_blocked_after_fifteen_minutes_and_not_published() -> None:
    world = World()
    application = await enrolled(world)
    world.sign_in.lag = timedelta(days=30)
    world.sign_in.staleness = lambda: 1.0
    await world.open(application)
    await world.run(timedelta(hours=1))
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Blocked)
    assert rotation.phase.reason == "secret-refused"
    assert world.vaults.memory(VAULT).latest((await world.line(application)).enrolment.secret_name) is None


async def test_a_compromise_waits_for_nobodys_approval() -> None:
    world = World(configuration=configure(destination("store"), terms=replace(QUICK, approval=True)))
    application = await enrolled(world)
    burnt = application.secrets[0].key_id
    await world.open(application, Reason.COMPROMISED, burnt=(burnt,))
    await world.run(HOUR)
    assert removed(world) == [burnt]


async def test_a_compromise_lets_what_waits_for_approval_go_on() -> None:
    world = World(configuration=configure(destination("store"), terms=replace(QUICK, approval=True)))
    application = await enrolled(world)
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["planned"]
    burnt = application.secrets[0].key_id
    await world.open(application, Reason.COMPROMISED, burnt=(burnt,))
    await world.run(HOUR)
    assert len(world.rotations()) == 1
    assert removed(world) == [burnt]


async def test_a_compromise_tries_again_what_has_stopped() -> None:
    world = World()
    application = await enrolled(world)
    world.sign_in.unprovable[application.client_id] = UNKNOWN
    await world.open(application)
    await world.run(HOUR)
    assert world.phases() == ["blocked"]
    world.sign_in.unprovable.clear()
    burnt = application.secrets[0].key_id
    await world.open(application, Reason.COMPROMISED, burnt=(burnt,))
    await world.run(HOUR)
    assert len(world.rotations()) == 1
    assert removed(world) == [burnt]
