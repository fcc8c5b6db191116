"""What a doctor finds about channels, their secrets, destinations and the people who read."""

from dataclasses import replace
from datetime import timedelta

from rotation.domain.capability import Check, Readiness
from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from rotation.workflows.doctor.findings import Standing, Wants
from tests.fakes.mishaps import Mishap
from tests.fakes.world import VAULT, World, destination
from tests.unit.workflows.doctor.test_doctor import _nobody_reached, _vault_silent, in_use, look, only, well


async def keep(world: World, name: str, *, ends_in: timedelta | None) -> None:
    ends = world.clock.now() + ends_in if ends_in is not None else None
    version = NewVersion(text=SecretText("a channel's address"), tags={}, expires_at=ends)
    await world.vaults.memory(VAULT).write(name, version)


def with_teams(world: World) -> None:
    people = {name: replace(each, teams_secret="teams-url") for name, each in world.settings.now.audiences.items()}
    world.settings.now = replace(world.settings.now, audiences=people)


async def test_a_channels_secret_is_there_and_has_an_end() -> None:
    world = well()
    await in_use(world)
    with_teams(world)
    assert "az keyvault secret set --vault-name vault --name teams-url" in only(await look(world)).remedy
    await keep(world, "teams-url", ends_in=None)
    assert "--expires" in only(await look(world), Standing.WARNING).remedy
    await keep(world, "teams-url", ends_in=timedelta(days=90))
    assert (await look(world)).healthy
    world.clock.advance(timedelta(days=91))
    ended = [finding for finding in (await look(world)).of(Standing.BROKEN) if finding.check == "secret"]
    assert "ended" in ended[0].says


async def test_a_vault_that_does_not_answer_hides_a_channels_secret() -> None:
    world = well()
    await in_use(world)
    with_teams(world)
    _vault_silent(world)
    assert {finding.check for finding in (await look(world)).of(Standing.UNKNOWN)} == {"vault", "secret"}


async def test_messages_are_sent_only_when_asked_for() -> None:
    world = well()
    await in_use(world)
    before = len(world.channel.sent)
    await look(world)
    assert len(world.channel.sent) == before
    assert (await look(world, Wants(notify=True, by="ada"))).healthy
    assert len(world.channel.sent) == before + 1


async def test_a_dead_channel_is_found_by_sending() -> None:
    world = well()
    await in_use(world)
    world.channel.mishaps.always("send", Mishap.DENIED)
    found = only(await look(world, Wants(notify=True)))
    assert (found.check, found.remedy) == ("channel", "rotation notify test --audience people, once it is mended")


async def test_an_audience_that_nothing_reaches_gets_no_message() -> None:
    world = well()
    await in_use(world)
    _nobody_reached(world)
    assert only(await look(world, Wants(notify=True))).check == "audience"


async def test_a_destinations_warning_is_passed_on() -> None:
    world = well()
    await in_use(world)
    answer = Check(readiness=Readiness.READY, warnings=("the token ends soon",))
    world.integrations.kinds["automatic"].answers[destination("store").name] = answer
    assert "the token ends soon" in only(await look(world), Standing.WARNING).says


async def test_a_place_that_a_person_serves_needs_no_answer_and_somebody_who_reads() -> None:
    world = well(kind="person")
    world.integrations.kinds["person"].answers[destination("store").name] = Check(readiness=Readiness.UNKNOWN)
    await in_use(world)
    found = only(await look(world), Standing.WARNING)
    assert found.check == "reader"
    assert '--role "Key Vault Secrets User"' in found.remedy


async def test_named_readers_are_told() -> None:
    world = well(kind="person", readers=("ops@contoso.example",))
    await in_use(world)
    assert any("ops@contoso.example read" in finding.says for finding in (await look(world)).findings)


async def test_a_destination_that_left_the_configuration_is_nobodys_hand_off() -> None:
    world = well(kind="person")
    await in_use(world)
    world.name_destinations()
    assert not [finding for finding in (await look(world)).findings if finding.check == "reader"]
