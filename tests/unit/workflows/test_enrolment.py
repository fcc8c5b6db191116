"""Selecting is not permitting: what becomes ours by a recorded yes, and what ends that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import Refused, VaultRefused
from rotation.domain.identifiers import KeyId, LineName, PolicyName, SecretVersion
from rotation.domain.policy import Enrol, LineEntry, Mode, Selector
from rotation.domain.secret import SecretText
from rotation.ledger import keys
from rotation.ports.vault import NewVersion
from rotation.workflows.enrolling import enrol, release
from rotation.workflows.previewing import Preview, Wish, preview
from tests.fakes.world import QUICK, VAULT, World


def wish(application: Application, **more: object) -> Wish:
    return replace(Wish(application=application.object_id, by="anna"), **more)  # type: ignore[arg-type]


async def seen(world: World, application: Application, **more: object) -> Preview:
    return await preview(world.services(), wish(application, **more))


async def test_invariant_nothing_without_a_yes() -> None:
    """Without an enrolment we mint, publish, deliver and remove nothing."""
    world = World()
    application = world.add_application(ends_in=timedelta(days=2))
    await world.nights(8)
    assert world.directory.minted == []
    assert world.directory.removed == []
    assert world.vaults.memory(VAULT).names() == []
    assert world.directory.truth(application.object_id) == application


@pytest.mark.parametrize("mode", [Mode.MONITOR, Mode.IGNORE])
async def test_a_policy_that_watches_or_ignores_lets_nothing_be_enrolled(mode: Mode) -> None:
    world = World()
    application = world.add_application()
    world.change_policy(mode=mode)
    assert any(str(mode) in refusal for refusal in (await seen(world, application)).refusals)
    with pytest.raises(Refused):
        await world.enrol(application)


async def test_our_own_identity_is_never_enrolled() -> None:
    world = World()
    application = world.add_application()
    services = replace(world.services(), own_client_ids=frozenset({application.client_id}))
    assert any("own identity" in refusal for refusal in (await preview(services, wish(application))).refusals)


async def test_directory_writing_roles_need_tier_zero_said() -> None:
    world = World()
    application = world.add_application()
    world.directory.record(application.object_id).roles = ("Directory.ReadWrite.All", "User.Read.All")
    assert any("Directory.ReadWrite.All" in refusal for refusal in (await seen(world, application)).refusals)
    assert (await seen(world, application, tier_zero=True)).refusals == ()


async def test_predecessors_are_taken_by_key_id_and_never_all() -> None:
    world = World()
    application = world.add_application(secrets=3)
    mine = application.secrets[1].key_id
    line = await enrol(world.services(), wish(application, key_ids=(mine,)))
    assert [key.key_id for key in line.keys] == [mine]
    await world.nights(60)
    gone = {
        secret.key_id
        for secret in application.secrets
        if not world.directory.truth(application.object_id).holds(secret.key_id)
    }
    assert gone == {mine}


async def test_a_key_id_that_is_not_there_or_another_lines_is_refused() -> None:
    world = World()
    application = world.add_application()
    strange = KeyId("00000000-0000-4000-8000-000000000000")
    assert any("not a free key id" in r for r in (await seen(world, application, key_ids=(strange,))).refusals)


async def test_a_second_line_takes_only_what_the_first_left() -> None:
    world = World()
    application = world.add_application(secrets=2)
    first, second = LINE_OF["first"], LINE_OF["second"]
    world.change_policy(lines=(entry(first), entry(second)))
    one = await enrol(world.services(), wish(application, line=first, key_ids=(application.secrets[0].key_id,)))
    two = await enrol(world.services(), wish(application, line=second))
    assert [key.key_id for key in one.keys] == [application.secrets[0].key_id]
    assert [key.key_id for key in two.keys] == [application.secrets[1].key_id]
    assert one.enrolment.secret_name != two.enrolment.secret_name


LINE_OF = {name: LineName(name) for name in ("first", "second", "default")}


def entry(name: LineName, **more: object) -> LineEntry:
    return replace(LineEntry(name=name, terms=QUICK), **more)  # type: ignore[arg-type]


async def test_two_lines_whose_vault_names_collide_the_second_is_refused() -> None:
    world = World()
    application = world.add_application(secrets=2)
    named = {"secret_name": "shared"}
    world.change_policy(lines=(entry(LINE_OF["first"], **named), entry(LINE_OF["second"], **named)))
    await enrol(world.services(), wish(application, line=LINE_OF["first"], key_ids=()))
    with pytest.raises(Refused) as refused:
        await enrol(world.services(), wish(application, line=LINE_OF["second"], key_ids=()))
    assert refused.value.reason == "vault-name-claimed"


async def test_a_foreign_secret_of_that_name_stops_the_enrolment_unless_it_is_adopted() -> None:
    world = World()
    application = world.add_application()
    name = f"entra-{application.client_id}-default"
    version = await world.vaults.at(VAULT).write(name, NewVersion(text=SecretText("theirs"), tags={"by": "them"}))
    assert any("--adopt" in refusal for refusal in (await seen(world, application)).refusals)
    line = await enrol(world.services(), wish(application, adopt=True))
    assert line.version == line.enrolment.adopted_version == version
    await world.scan()
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"], "what was adopted is overwritten by its own line"


async def test_a_foreign_secret_of_the_staging_name_is_refused() -> None:
    world = World()
    application = world.add_application()
    name = f"entra-{application.client_id}-default-staged"
    await world.vaults.at(VAULT).write(name, NewVersion(text=SecretText("theirs"), tags={}))
    assert any("-staged" in refusal for refusal in (await seen(world, application, adopt=True)).refusals)


async def test_a_soft_deleted_name_is_no_answer_and_stops_the_enrolment() -> None:
    world = World()
    application = world.add_application()
    world.vaults.memory(VAULT).soft_delete(f"entra-{application.client_id}-default")
    with pytest.raises(VaultRefused):
        await world.enrol(application)


async def test_somebody_elses_version_in_between_is_never_overwritten() -> None:
    world = World()
    application = world.add_application()
    line = await world.enrol(application)
    await world.vaults.at(VAULT).write(line.enrolment.secret_name, NewVersion(text=SecretText("theirs"), tags={}))
    await world.scan()
    await world.run(timedelta(hours=1))
    (rotation,) = world.rotations()
    assert getattr(rotation.phase, "reason", "") == "vault-name-taken"
    latest = world.vaults.memory(VAULT).latest(line.enrolment.secret_name)
    assert latest is not None
    assert latest[1] == SecretText("theirs")
    assert isinstance(latest[0].version, str)
    assert SecretVersion(latest[0].version)


async def test_enrolling_twice_is_refused_and_a_claim_of_its_own_is_not() -> None:
    """A crash between the claim and the truth leaves a claim that names this line: it is ours."""
    world = World()
    application = world.add_application()
    world.crash_at(*range(40, 60))
    for _try in range(30):
        await world.invoke(lambda services: enrol(services, wish(application)))
        world.clock.advance(timedelta(minutes=3))
        if world.tables.all_rows(keys.LINES) and (await world.record(application.object_id)).lines:
            break
    assert (await world.record(application.object_id)).lines
    with pytest.raises(Refused):
        await world.enrol(application)


async def test_release_ends_the_enrolment_and_removes_nothing() -> None:
    world = World()
    application = world.add_application()
    await world.enrol(application)
    await world.scan()
    await world.run(timedelta(hours=1))
    line = await world.line(application)
    watched = await release(world.services(), line.id, by="anna")
    assert {key.key_id for key in watched} == {key.key_id for key in line.keys}
    await world.nights(40)
    assert world.phases() == ["closed"]
    assert world.directory.removed == []
    assert await world.wakes() == []
    expiries = [row for row in world.tables.all_rows(keys.EXPIRIES) if row.key.endswith(str(line.current))]
    assert not expiries or expiries[0].values["status"] == "monitored"


async def test_released_before_publishing_the_rotation_is_abandoned() -> None:
    world = World()
    application = world.add_application()
    line = await world.enrol(application)
    await world.open(application)
    await release(world.services(), line.id, by="anna")
    await world.run(timedelta(hours=1))
    assert world.phases() == ["abandoned"]
    assert world.directory.minted == []


async def test_a_line_enrolled_anew_under_an_old_name_is_another_line() -> None:
    """The rotation of the released one does not go on with the new one's vault and destinations."""
    world = World()
    application = world.add_application()
    line = await world.enrol(application)
    await world.open(application)
    await release(world.services(), line.id, by="anna")
    await world.enrol(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["abandoned"]
    assert (await world.line(application)).open is None


async def test_a_renamed_application_stays_enrolled_and_is_reported() -> None:
    world = World()
    application = world.add_application(ends_in=timedelta(days=170))
    await world.enrol(application)
    world.directory.change(replace(application, display_name="ignore-me"))
    selector = Selector(names=("ignore-*",))
    ignore = replace(
        world.settings.now.policies[0], name=PolicyName("other"), mode=Mode.IGNORE, selector=selector, lines=()
    )
    world.settings.now = replace(world.settings.now, policies=(ignore, *world.settings.now.policies))
    await world.scan()
    remarks = [str(row.values["state"]) for row in world.tables.all_rows(keys.SCANS)]
    assert any("renamed from" in remark for remark in remarks)
    await world.open(application)
    await world.run(timedelta(hours=1))
    assert world.phases() == ["overlapping"]


async def test_enrol_auto_says_yes_by_itself_up_to_at_most() -> None:
    world = World()
    for number in (1, 2):
        world.add_application(number)
    world.change_policy(enrol=Enrol.AUTO, at_most=2)
    await world.scan()
    assert len(world.tables.all_rows(keys.LINES)) == 2
    world.add_application(3)
    await world.run(timedelta(days=1))
    await world.scan()
    assert len(world.tables.all_rows(keys.LINES)) == 2, "those that are enrolled count, too"
    assert any(slug.startswith("at-most") for slug in world.alarms())


async def test_more_matches_than_at_most_enrol_nothing_and_raise_one_alarm() -> None:
    world = World()
    for number in (1, 2, 3):
        world.add_application(number)
    world.change_policy(enrol=Enrol.AUTO, at_most=2)
    await world.scan()
    await world.scan()
    assert world.tables.all_rows(keys.LINES) == []
    assert len(world.alarms()) == 1
    assert sum("at_most" in title for title in world.titles()) == 1
