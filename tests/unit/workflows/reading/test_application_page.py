"""One application as its page shows it: credentials, lines, owners, history, and what could be better."""

from dataclasses import replace
from datetime import timedelta

from rotation.domain.credential import NEVER, Application, Credential, Marker
from rotation.domain.identifiers import ClientId, LineName
from rotation.domain.policy import Mode
from rotation.domain.rotation import Minting, Staged
from rotation.ports.directory import Owner, PassItem
from rotation.workflows.finding import Found
from rotation.workflows.reading.advice import of_tenant
from rotation.workflows.reading.application import ApplicationPage, CredentialRow, application
from rotation.workflows.reading.spans import in_days, says_of_end, state_of_end
from rotation.workflows.scanning import WEEKLY, begin_scan
from tests.fakes.clock import START
from tests.fakes.directory_state import make_application, make_key_id
from tests.fakes.mishaps import Mishap
from tests.fakes.world import LINE, World, configure, destination
from tests.unit.workflows.stepping import DAY, HOUR, put, until

OWNER = Owner(object_id="o", display_name="Anna", mail="anna@contoso.example", kind="user")


def found(one: Application) -> Found:
    return Found(object_id=one.object_id, client_id=one.client_id, display_name=one.display_name)


async def page(world: World, one: Application) -> ApplicationPage:
    return await application(world.calm(), found(one))


def row(seen: ApplicationPage, key_id: str) -> CredentialRow:
    return next(each for each in seen.credentials if each.key_id == key_id)


def advice(seen: ApplicationPage) -> dict[str, int]:
    return {each.kind: each.count for each in seen.advice}


async def test_one_that_nobody_enrolled_is_watched_and_may_be() -> None:
    world = World()
    one = world.add_application(ends_in=20 * DAY)
    seen = await page(world, one)
    (secret,) = seen.credentials
    assert (secret.status, secret.state, secret.line) == ("monitored", "approaching", None)
    assert secret.says == "expires in 20 days, nobody rotates it"
    assert (seen.policy, seen.mode, seen.may_enrol) == ("ours", Mode.ROTATE, (LINE,))
    assert (seen.lines, seen.needs, seen.history, seen.gone) == ((), (), (), False)
    assert "owner-less" in advice(seen)
    world.change_policy(mode=Mode.IGNORE)
    seen = await page(world, one)
    assert (seen.credentials[0].status, seen.may_enrol) == ("ignored", ())
    world.settings.now = replace(world.settings.now, policies=())
    seen = await page(world, one)
    assert (seen.policy, seen.mode, seen.may_enrol) == (None, Mode.MONITOR, ())


async def test_an_enrolled_one_tells_each_secret_by_what_it_is_to_us() -> None:
    world = World()
    one = world.add_application(ends_in=100 * DAY)
    world.directory.record(one.object_id).owners = (OWNER,)
    await world.enrol(one)
    foreign = world.directory.add_secret(one.object_id, end_at=START + 10 * DAY, display_name="somebody's")
    stray = world.directory.add_secret(
        one.object_id, end_at=START + 300 * DAY, display_name=Marker("01J00000000000000000000009", 1).label("x")
    )
    assert world.usage is not None
    world.usage.see(one.client_id, one.secrets[0].key_id, origin="SharePoint")
    world.use_sources(log=True)
    assert world.sign_in_log is not None
    world.sign_in_log.see(one.client_id, one.secrets[0].key_id, START - DAY, origin="earlier")
    await world.open(one)
    await until(world, Staged)
    staged = world.rotations()[0].minted
    assert staged is not None
    seen = await page(world, one)
    assert {each.key_id: each.status for each in seen.credentials} == {
        foreign.credential.key_id: "foreign",
        one.secrets[0].key_id: "current",
        staged.key_id: "rotating",
        stray.credential.key_id: "stray",
    }
    assert row(seen, staged.key_id).line == LINE
    current = row(seen, one.secrets[0].key_id)
    assert (current.says, current.state) == (f"fine until {current.end_at:%Y-%m-%d}", "healthy")
    assert (current.used_for, current.last_used_at is not None) == ("SharePoint", True)
    assert seen.owners == (OWNER,)
    assert seen.may_enrol == ()
    (line,) = seen.lines
    assert (line.state, line.detail.line) == ("under-way", LINE)
    assert seen.history[0].what == "enrolled"
    assert advice(seen) == {"many-secrets": 4, "stray": 1}
    await world.run(HOUR)
    seen = await page(world, one)
    assert row(seen, one.secrets[0].key_id).status == "predecessor"
    assert row(seen, one.secrets[0].key_id).says.startswith("goes, at the latest ")
    assert row(seen, staged.key_id).status == "current"


async def test_a_secret_of_an_attempt_that_was_given_up_is_an_orphan() -> None:
    world = World()
    one = world.add_application(ends_in=100 * DAY)
    await world.enrol(one)
    await world.open(one)
    await until(world, Staged)
    rotation = world.rotations()[0]
    put(world, replace(rotation, phase=Minting(attempt=1), adopted=()))
    assert rotation.minted is not None
    assert row(await page(world, one), rotation.minted.key_id).status == "orphan"


async def test_a_secret_whose_line_was_released_is_watched_again() -> None:
    world = World()
    one = world.add_application(ends_in=100 * DAY)
    await world.enrol(one)
    await world.open(one)
    await world.run(HOUR)
    await world.release(one)
    seen = await page(world, one)
    assert {each.status for each in seen.credentials} == {"monitored"}
    assert seen.may_enrol == (LINE,)


async def test_what_is_gone_from_the_directory_is_what_the_ledger_knows() -> None:
    world = World()
    one = world.add_application(ends_in=100 * DAY)
    await world.enrol(one)
    world.directory.delete(one.object_id)
    seen = await page(world, one)
    assert (seen.gone, seen.name, seen.advice) == (True, one.display_name, ())
    (secret,) = seen.credentials
    assert (secret.listed, secret.status, secret.name) == (False, "current", "")


async def test_what_cannot_be_read_is_named_and_the_rest_stands() -> None:
    world = World()
    one = world.add_application(ends_in=100 * DAY)
    world.directory.reads.plan("owners", Mishap.DENIED)
    assert world.usage is not None
    world.usage.mishaps.plan("sightings", Mishap.UNAVAILABLE)
    seen = await page(world, one)
    assert [each.partition(":")[0] for each in seen.unread] == [world.usage.name, "owners"]
    assert (seen.owners, len(seen.credentials)) == ((), 1)
    assert advice(seen) == {}, "who was not asked is not missing, and silence that was not read is none"


async def test_advice_on_secrets() -> None:
    world = World()
    ends = [START - DAY, START + 400 * DAY, NEVER, START + 200 * DAY]
    starts = [START - 800 * DAY, START - 100 * DAY, START - 100 * DAY, START - 10 * DAY]
    one = make_application(
        7,
        *(
            Credential(key_id=make_key_id(number), start_at=start, end_at=end)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        ),
    )
    world.directory.add(one, owners=(OWNER,))
    assert world.usage is not None
    world.usage.see(one.client_id, make_key_id(1), at=START - 5 * DAY)
    assert advice(await page(world, one)) == {"never-ends": 1, "many-secrets": 3, "ended": 1, "unused": 1}
    world.clock.advance(90 * DAY)
    told = {each.kind: each for each in (await page(world, one)).advice}
    assert told["unused"].count == 3
    assert told["unused"].what == f"each of 3 secrets was not used for 90 days, as far as {world.usage.name} shows"
    world.use_sources(report=False)
    assert "unused" not in advice(await page(world, one)), "nobody looked"


async def test_a_destination_that_could_do_without_a_secret_is_named() -> None:
    world = World(configuration=configure(destination("store"), destination("siem", "person")))
    one = world.add_application(ends_in=100 * DAY)
    world.directory.record(one.object_id).owners = (OWNER,)
    await world.enrol(one)
    world.integrations.kinds["automatic"].secretless = "sign in by a managed identity"
    told, _unused = (await page(world, one)).advice
    assert (told.kind, told.link, told.how) == ("secretless", "/destinations/store", "sign in by a managed identity")
    world.settings.now = replace(world.settings.now, destinations={})
    assert "secretless" not in advice(await page(world, one))
    assert "secretless" not in {each.kind for each in await of_tenant(world.calm())}


async def test_advice_on_the_whole_tenant_counts_and_links_to_the_list() -> None:
    world = World()
    world.integrations.kinds["automatic"].secretless = "sign in by a managed identity"
    assert await of_tenant(world.calm()) == []
    one = world.add_application(1, ends_in=100 * DAY)
    world.add_application(2, secrets=3)
    world.add_application(3, ends_in=-DAY)
    await world.enrol(one)
    item = world.directory.certificate_items
    item.append(certificate(one))
    for name in WEEKLY:
        await begin_scan(world.services(), by="timer", passes=(name,))
    await world.scan()
    told = {each.kind: each for each in await of_tenant(world.calm())}
    assert {kind: each.count for kind, each in told.items()} == {
        "secretless": 1,
        "owner-less": 3,
        "many-secrets": 1,
        "ended": 1,
        "certificates": 1,
    }
    assert told["ended"].link == "/applications?trait=ended"
    assert told["many-secrets"].what == "1 applications hold 3 live secrets or more"
    world.change_policy(lines=())
    assert "secretless" not in {each.kind for each in await of_tenant(world.calm())}


def certificate(one: Application) -> PassItem:
    credential = Credential(key_id=make_key_id(99), end_at=START + 30 * DAY)
    return PassItem(
        object_id=one.object_id,
        client_id=ClientId(one.client_id),
        display_name="x",
        kind="certificate",
        credentials=(credential,),
    )


def test_spans_are_counted_as_people_do() -> None:
    assert [in_days(START + timedelta(days=days), START) for days in (0, 1, -1, 2, -2)] == [
        "today",
        "tomorrow",
        "yesterday",
        "in 2 days",
        "2 days ago",
    ]
    assert says_of_end("foreign", NEVER, START) == says_of_end("foreign", None, START) == "never ends"
    assert says_of_end("current", START - 2 * DAY, START) == "expired 2 days ago"
    assert state_of_end("foreign", None, START) == state_of_end("foreign", NEVER, START) == "healthy"
    assert state_of_end("current", START, START) == "expired"
    assert state_of_end("monitored", START + 61 * DAY, START) == "healthy"
    assert LineName("default") == LINE
