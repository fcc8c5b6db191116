"""What we sign in with ends too: its end dates are watched, and what is missing or cannot be read is told."""

from dataclasses import replace
from datetime import timedelta

from rotation.domain.audience import Audience, Security, SmtpServer
from rotation.domain.policy import Connection, Destination
from rotation.domain.secret import SecretText
from rotation.domain.vault_reference import VaultPlace
from rotation.ledger.expiries import Expiry, all_expiries
from rotation.ledger.scans import ScanRecord, Scans
from rotation.ports.vault import NewVersion
from rotation.workflows.connection_secrets import KIND, users_of
from rotation.workflows.reminding import digest
from rotation.workflows.scanning import AFTER_NIGHT
from tests.fakes.mishaps import Mishap
from tests.fakes.world import PEOPLE, VAULT, World, configure, destination

DAY = timedelta(days=1)
GITHUB = Connection(name="github", type="token", settings={}, fingerprint="f", secrets=("github-token",))
ELSEWHERE = "https://other.example/secrets/hook-key"


def world_of(*places: Destination, connection: Connection = GITHUB) -> World:
    world = World(configuration=configure(*(places or (destination("store"),))))
    world.settings.now = replace(world.settings.now, connections={connection.name: connection})
    return world


async def put(world: World, name: str, ends_in: timedelta | None, *, url: str = VAULT) -> None:
    expires_at = None if ends_in is None else world.clock.now() + ends_in
    new = NewVersion(text=SecretText("a token of ours"), tags={}, expires_at=expires_at)
    await world.vaults.at(url).write(name, new)


async def watched(world: World) -> list[Expiry]:
    return [expiry async for expiry in all_expiries(world.tables) if expiry.kind == KIND]


async def latest(world: World) -> ScanRecord:
    scans = await Scans(world.tables).since(world.clock.now() - 9 * DAY)
    return [scan for scan in scans if scan.passes == AFTER_NIGHT][-1]


async def test_its_end_is_watched_and_reminded_of() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    await world.nights(1)
    (expiry,) = await watched(world)
    assert (expiry.application, expiry.credential_name, expiry.audience) == (
        "connection github",
        "github-token",
        PEOPLE,
    )
    await digest(world.services())
    await world.run(timedelta(minutes=30))
    told = [item for _audience, message in world.channel.sent for item in message.items]
    assert any("nobody rotates its secret 'github-token'" in item.text for item in told)
    assert {item.action for item in told} == {"Renew"}


async def test_a_renewed_one_is_watched_at_its_new_end_alone() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    await world.nights(1)
    await put(world, "github-token", 80 * DAY)
    await world.nights(1)
    (expiry,) = await watched(world)
    assert expiry.end_at > world.clock.now() + 70 * DAY


async def test_every_reference_counts_once_with_all_who_use_it() -> None:
    hook = replace(destination("store"), secrets=(ELSEWHERE,))
    again = replace(destination("second"), secrets=(ELSEWHERE + "/",))
    world = world_of(hook, again)
    people = Audience(name=PEOPLE, teams_secret="teams-address")
    world.settings.now = replace(world.settings.now, audiences={PEOPLE: people})
    assert users_of(world.settings.now, home=VAULT) == {
        VaultPlace(vault_url=VAULT, name="github-token"): ("connection github",),
        VaultPlace(vault_url="https://other.example", name="hook-key"): ("destination store", "destination second"),
        VaultPlace(vault_url=VAULT, name="teams-address"): ("audience people",),
    }


async def test_a_missing_or_disabled_one_is_told_of() -> None:
    world = world_of()
    await world.nights(1)
    assert world.alarms() == ["connection-secret-missing"]
    found = await latest(world)
    assert found.complete, "the pass read what there is"
    assert found.remarks[0].startswith("github-token of connection github is not in")
    await put(world, "github-token", 90 * DAY)
    await world.nights(1)
    assert (await latest(world)).remarks == ()


async def test_one_that_cannot_be_read_is_told_of_and_what_was_known_stays() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    await world.nights(1)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    await world.nights(1)
    assert "cannot be read" in (await latest(world)).remarks[0]
    assert len(await watched(world)) == 1


async def test_a_vault_that_does_not_answer_makes_the_pass_incomplete_and_what_was_known_stays() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    await world.nights(1)
    world.vaults.memory(VAULT).mishaps.always("versions", Mishap.UNAVAILABLE)
    await world.nights(1)
    found = await latest(world)
    assert (found.complete, "github-token" in found.problem) == (False, True)
    assert len(await watched(world)) == 1


async def test_one_without_an_end_is_named_because_nobody_can_be_reminded() -> None:
    world = world_of()
    await put(world, "github-token", None)
    await world.nights(1)
    assert "has no expiry date" in (await latest(world)).remarks[0]
    assert await watched(world) == []
    assert world.alarms() == []


async def test_what_the_configuration_names_no_longer_is_watched_no_longer() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    await world.nights(1)
    world.settings.now = replace(world.settings.now, connections={})
    await world.nights(1)
    assert await watched(world) == []


async def test_no_text_is_read() -> None:
    world = world_of()
    await put(world, "github-token", 14 * DAY)
    world.vaults.memory(VAULT).mishaps.always("read", Mishap.DENIED)
    await world.nights(1)
    assert len(await watched(world)) == 1


async def test_the_mail_servers_password_counts_too() -> None:
    world = world_of()
    server = SmtpServer(host="mail.example", port=587, security=Security.STARTTLS, password_secret="smtp-password")
    world.settings.now = replace(world.settings.now, smtp=server)
    assert users_of(world.settings.now, home=VAULT)[VaultPlace(vault_url=VAULT, name="smtp-password")] == (
        "the mail server",
    )
