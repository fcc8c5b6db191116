"""Which lines open a rotation, which are blocked, and which are only reported."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from rotation.domain.credential import Application, Credential
from rotation.domain.policy import Proof, Ramp, Terms
from rotation.domain.rotation import Blocked, Overlapping
from rotation.domain.window import Window
from rotation.ports.directory import CredentialRules
from rotation.workflows.opening import NotOpened, Opened
from rotation.workflows.operating import pause
from rotation.workflows.reminding import digest
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import QUICK, World, configure, destination

DAY = timedelta(days=1)


async def enrolled(world: World, ends_in: timedelta) -> Application:
    application = world.add_application(ends_in=ends_in)
    await world.enrol(application)
    return application


async def block_of(world: World, application: Application) -> str:
    blocked = (await world.line(application)).blocked
    return blocked.reason if blocked else ""


async def test_what_ends_within_the_lead_time_opens_and_what_ends_later_does_not() -> None:
    for days, opened in ((59, 1), (73, 0)):
        world = World()
        await enrolled(world, days * DAY)
        await world.scan()
        assert len(world.rotations()) == opened, days


async def test_found_expired_five_days_ago_opens_past_ramp_and_window_and_says_down_now() -> None:
    world = World()
    await enrolled(world, -5 * DAY)
    world.change_policy(window=Window(opens=time(20), closes=time(21)))
    none = Ramp(opened_per_night=0, open_at_once=0, removed_per_night=0)
    world.settings.now = replace(
        world.settings.now, limits=replace(world.settings.now.limits, usual=none, first_week=none)
    )
    await world.scan()
    await world.run(timedelta(hours=1))
    assert [rotation.reason for rotation in world.rotations()] == ["expired"]
    assert any("down now" in title for title in world.titles())
    assert world.phases() == ["completed"], "what has lapsed already needs no evidence, and stays listed for 30 days"


async def test_found_expired_forty_days_ago_is_reported_and_not_rotated() -> None:
    world = World()
    await enrolled(world, -40 * DAY)
    await world.nights(3)
    assert world.rotations() == []


async def test_a_never_ending_credential_makes_nothing_due_and_is_told_of_monthly() -> None:
    world = World()
    never = Credential(key_id=make_key_id(7), end_at=datetime(2299, 12, 31, tzinfo=UTC), display_name="old portal")
    application = make_application(1, never)
    world.directory.add(application)
    await world.enrol(application)
    for _day in range(40):
        await world.nights(1)
        await digest(world.services())
    assert world.rotations() == []
    await world.run(timedelta(minutes=10))
    told = [item.text for _audience, message in world.channel.sent for item in message.items]
    assert sum("never ends" in text for text in told) == 2, "once a month"


async def test_a_never_ending_predecessor_that_nobody_uses_goes_on_evidence() -> None:
    world = World()
    never = Credential(key_id=make_key_id(7), end_at=datetime(9999, 12, 31, tzinfo=UTC))
    application = make_application(1, never)
    world.directory.add(application)
    await world.enrol(application)
    await world.open(application)
    await world.nights(60)
    assert world.phases() == ["completed"]
    assert world.directory.removed == [(application.object_id, never.key_id)]


async def test_a_never_ending_predecessor_without_evidence_stays_for_ever() -> None:
    world = World(configuration=configure())
    never = Credential(key_id=make_key_id(7), end_at=datetime(9999, 12, 31, tzinfo=UTC))
    application = make_application(1, never)
    world.directory.add(application)
    await world.enrol(application)
    await world.open(application)
    await world.nights(10)
    assert world.phases() == ["completed"]
    assert world.directory.removed == []


async def test_a_disabled_application_is_not_due() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    world.directory.change(replace(application, disabled=True))
    await world.nights(2)
    assert world.rotations() == []


async def test_a_saml_companion_and_other_credentials_make_nothing_due() -> None:
    """Asked of a line, never of a credential: a foreign secret that ends tomorrow opens nothing."""
    world = World()
    application = await enrolled(world, 170 * DAY)
    world.directory.add_secret(application.object_id, end_at=world.clock.now() + DAY, display_name="foreign")
    await world.nights(2)
    assert world.rotations() == []
    assert len(world.directory.truth(application.object_id).secrets) == 2


async def test_the_tenants_longest_lifetime_is_what_is_asked_for() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    world.directory.record(application.object_id).rules = CredentialRules(longest=90 * DAY)
    await world.scan()
    await world.run(timedelta(hours=1))
    (rotation,) = world.rotations()
    assert rotation.minted is not None
    assert rotation.minted.end_at <= world.clock.now() + 90 * DAY


async def test_line_blocked_policy_forbids_and_lifted_by_the_nightly_look() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    world.directory.record(application.object_id).rules = CredentialRules(addition_forbidden=True)
    await world.nights(1)
    assert world.rotations() == []
    assert await block_of(world, application) == "policy-forbids"
    world.directory.record(application.object_id).rules = CredentialRules()
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert await block_of(world, application) == ""


async def test_line_blocked_lifetime_too_short() -> None:
    world = World()
    application = await enrolled(world, 2 * DAY)
    world.directory.record(application.object_id).rules = CredentialRules(longest=10 * DAY)
    world.change_terms(replace(QUICK, overlap=7 * DAY))
    await world.nights(1)
    assert await block_of(world, application) == "lifetime-too-short"


async def test_line_blocked_rotating_too_often_but_a_person_may() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    await world.nights(1)
    world.change_terms(replace(QUICK, lifetime=1000 * DAY, lead_time=400 * DAY))
    await world.nights(1)
    assert await block_of(world, application) == "rotating-too-often"
    assert isinstance(await world.open(application, succeed=True), Opened)


async def test_line_blocked_policy_gone_and_nothing_is_removed() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    kept = world.settings.now
    world.settings.now = replace(kept, policies=())
    await world.nights(2)
    assert await block_of(world, application) == "policy-gone"
    world.settings.now = kept
    await world.nights(1)
    assert world.phases() == ["overlapping"]


async def test_a_block_is_lifted_when_the_line_is_not_due_any_more() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    kept = world.settings.now
    world.settings.now = replace(kept, policies=())
    await world.nights(1)
    world.settings.now = kept
    world.change_terms(replace(QUICK, lead_time=timedelta(days=1)))
    await world.nights(1)
    assert await block_of(world, application) == ""
    assert world.rotations() == []


async def test_a_policy_that_is_gone_while_a_rotation_is_open_blocks_it_and_removes_nothing() -> None:
    world = World()
    await enrolled(world, 5 * DAY)
    await world.nights(1)
    kept = world.settings.now
    world.settings.now = replace(kept, policies=())
    await world.nights(60)
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Blocked)
    assert rotation.phase.reason == "policy-gone"
    assert world.directory.removed == []
    world.settings.now = kept
    await world.nights(2)
    assert world.phases() == ["completed"], "the nightly look finds the reason gone"


async def test_an_open_rotation_that_has_not_published_is_the_next_one() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    world.change_terms(replace(QUICK, approval=True))
    await world.nights(3)
    assert world.phases() == ["planned"]
    with pytest.raises(Exception, match="is open"):
        await world.open(application)


async def test_an_open_rotation_yields_when_its_own_credential_comes_due() -> None:
    """Closed(succeeded-by) in the transaction that opens the next; all predecessors go over to it."""
    world = World()
    application = await enrolled(world, 5 * DAY)
    assert world.usage is not None
    world.change_terms(Terms(lifetime=60 * DAY, lead_time=20 * DAY))
    old = application.secrets[0].key_id
    for _night in range(50):
        await world.nights(1)
        first = world.rotations()[0].minted
        assert first is not None
        world.usage.see(application.client_id, first.key_id)
    phases = world.phases()
    assert phases[0] in {"closed", "completed"}
    assert len(phases) == 2
    assert isinstance(world.rotations()[1].phase, Overlapping)
    assert old not in world.rotations()[1].predecessors or phases[0] == "closed"


async def test_a_fresh_credential_that_is_not_listed_yet_opens_nothing() -> None:
    """One read after a write decides nothing: it may lag."""
    world = World()
    application = await enrolled(world, 5 * DAY)
    await world.nights(1)
    line = await world.line(application)
    assert line.current is not None
    world.clock.set(line.minted_at or world.clock.now())
    world.directory.drop_secret(application.object_id, line.current)
    await world.scan()
    assert len(world.rotations()) == 1


async def test_a_request_while_paused_is_told_so() -> None:
    world = World()
    application = await enrolled(world, 5 * DAY)
    await pause(world.services(), by="anna", reason="audit")
    answer = await world.open(application)
    assert isinstance(answer, NotOpened)
    assert answer.why == "paused"


async def test_an_application_without_a_service_principal_is_unprovable_unless_best_effort() -> None:
    for best_effort in (False, True):
        world = World()
        application = await enrolled(world, 5 * DAY)
        world.directory.record(application.object_id).service_principal = False
        if best_effort:
            world.change_terms(replace(QUICK, proof=Proof.BEST_EFFORT))
        await world.nights(1)
        (rotation,) = world.rotations()
        if best_effort:
            assert rotation.publication is not None
            assert rotation.publication.unprovable == 7000229
        else:
            assert isinstance(rotation.phase, Blocked)
            assert rotation.phase.reason == "unprovable"
            assert "7000229" in rotation.phase.detail


async def test_a_personal_account_application_with_a_full_slot_frees_an_expired_one_of_its_line() -> None:
    world = World(configuration=configure(destination("store")))
    now = world.clock.now()
    expired = Credential(key_id=make_key_id(1), end_at=now - 5 * DAY)
    valid = Credential(key_id=make_key_id(2), end_at=now + 10 * DAY)
    application = make_application(1, expired, valid, audience="AzureADandPersonalMicrosoftAccount")
    world.directory.add(application)
    await world.enrol(application)
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert world.directory.removed == [(application.object_id, expired.key_id)]
    assert "slot.freed" in world.events()


async def test_a_personal_account_application_with_two_valid_secrets_is_blocked_credential_limit() -> None:
    world = World()
    application = make_application(
        1,
        *(Credential(key_id=make_key_id(n), end_at=world.clock.now() + n * DAY) for n in (5, 6)),
        audience="AzureADandPersonalMicrosoftAccount",
    )
    world.directory.add(application)
    await world.enrol(application)
    await world.nights(1)
    (rotation,) = world.rotations()
    assert isinstance(rotation.phase, Blocked)
    assert rotation.phase.reason == "credential-limit"
    assert world.directory.removed == []


async def test_a_lost_mint_of_ours_in_a_personal_accounts_slot_is_removed_first() -> None:
    world = World()
    one = Credential(key_id=make_key_id(5), end_at=world.clock.now() + 5 * DAY)
    application = make_application(1, one, audience="PersonalMicrosoftAccount")
    world.directory.add(application)
    world.directory.read_lag = timedelta(seconds=10)
    await world.enrol(application)
    world.directory.mishaps.plan("mint", Mishap.LOST_AFTER)
    await world.nights(1)
    assert world.phases() == ["overlapping"]
    assert "lost-value.removed" in world.events()
