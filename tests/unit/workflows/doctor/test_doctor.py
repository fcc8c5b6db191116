"""What a doctor finds when one thing at a time is broken, and which command it says mends it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from rotation.domain.credential import Application
from rotation.domain.errors import AccessDenied, Unavailable
from rotation.domain.identifiers import ClientId, ObjectId
from rotation.domain.line import Line
from rotation.domain.policy import Canary, Mode, Selector
from rotation.domain.schedule import Schedule
from rotation.ledger import keys
from rotation.ledger.control import Watched
from rotation.ports.directory import CredentialRules, Owner
from rotation.ports.surroundings import Identity
from rotation.workflows import operating
from rotation.workflows.doctor import findings as ward
from rotation.workflows.doctor.examining import CHECKS, examine
from rotation.workflows.doctor.findings import Finding, Report, Standing, Wants
from rotation.workflows.doctor.vaults import PROBE, name_of
from tests.fakes.channel import MemoryChannel
from tests.fakes.mishaps import Mishap
from tests.fakes.surroundings import ENOUGH, OUR_OBJECT, OURS
from tests.fakes.world import LINE, VAULT, World, configure, destination

NOTHING_THERE = ObjectId("ffffffff-0000-4000-8000-000000000000")
ELSE = ClientId("33333333-0000-4000-8000-00000000000b")


def well(*, kind: str = "automatic", readers: tuple[str, ...] = ()) -> World:
    """A deployment in which everything is as it should be."""
    world = World(configuration=configure(destination("store", kind), readers=readers))
    world.settings.now = replace(world.settings.now, sender="rotation@contoso.example")
    return world


async def in_use(world: World) -> tuple[Application, Line]:
    """Enrol a line that we own, make it the canary, and let a night pass."""
    application = world.add_application(ends_in=timedelta(days=300))
    own = Owner(object_id=OUR_OBJECT, display_name="rotation", mail=None, kind="service-principal")
    world.directory.record(application.object_id).owners = (own,)
    line = await world.enrol(application)
    world.make_canary(application)
    await world.scan()
    return application, line


async def look(world: World, wants: Wants | None = None) -> Report:
    return await examine(world.services(), wants)


def only(seen: Report, *standings: Standing) -> Finding:
    """The one finding of these standings; broken where none is named."""
    found = seen.of(*(standings or (Standing.BROKEN, Standing.UNKNOWN)))
    assert len(found) == 1, found
    return found[0]


async def test_a_deployment_that_is_well_is_told_so() -> None:
    world = well()
    await in_use(world)
    seen = await look(world)
    assert seen.healthy, seen.of(Standing.BROKEN, Standing.UNKNOWN)
    assert not seen.of(Standing.WARNING)
    assert (seen.who, seen.at) == ("rotation", world.clock.now())
    assert {finding.check for finding in seen.findings} >= {"permission", "queue", "vault", "destination", "clock"}


async def test_each_check_tells_when_it_has_ended() -> None:
    ended: list[str] = []
    await examine(well().services(), told=ended.append)
    assert sorted(ended) == sorted(name for name, _check, _remedy in CHECKS)


async def test_probes_leave_a_disabled_version_and_nothing_else() -> None:
    world = well()
    await look(world)
    assert [row.key for row in world.tables.all_rows(keys.CONTROL) if row.key.startswith("doctor")] == []
    assert sorted(world.surroundings.tried) == sorted(keys.QUEUES)
    vault = world.vaults.memory(VAULT)
    assert [version.enabled for version in await vault.versions(PROBE)] == [False]
    seen = await look(world, Wants(sparing=True))
    assert len(await vault.versions(PROBE)) == 1, "once an hour is enough for who asks often"
    assert any("took a version" in finding.says for finding in seen.findings)
    await look(world)
    assert len(await vault.versions(PROBE)) == 2


async def test_without_probes_nothing_is_written() -> None:
    world = well()
    commits = len(world.tables.commits)
    await look(world, Wants(probe=False))
    assert len(world.tables.commits) == commits
    assert world.surroundings.tried == []
    assert await world.vaults.memory(VAULT).versions(PROBE) == []


type Break = Callable[[World], None]


def lack(world: World, permission: str) -> None:
    world.surroundings.who = replace(world.surroundings.who, permissions=ENOUGH - {permission})


def _vault_refuses(world: World) -> None:
    world.vaults.memory(VAULT).refusing = "vault-refused"


def _vault_silent(world: World) -> None:
    world.vaults.memory(VAULT).mishaps.always("versions", Mishap.UNAVAILABLE)


def _probe_deleted(world: World) -> None:
    world.vaults.memory(VAULT).soft_deleted.add(PROBE)


def _table_gone(world: World) -> None:
    world.surroundings.tables.discard(keys.VAULT_NAMES)


def _queue_gone(world: World) -> None:
    del world.surroundings.queues[keys.QUEUE_SCANS]


def _queue_denied(world: World) -> None:
    world.surroundings.mishaps.plan("try_queue", Mishap.DENIED)


def _tables_denied(world: World) -> None:
    world.surroundings.mishaps.plan("missing_tables", Mishap.DENIED)


def _container_denied(world: World) -> None:
    world.surroundings.mishaps.plan("has_container", Mishap.DENIED)


def _container_gone(world: World) -> None:
    world.surroundings.container = False


def _clock_wrong(world: World) -> None:
    world.surroundings.ahead = timedelta(minutes=-9)


def _destination_refuses(world: World) -> None:
    world.integrations.kinds["automatic"].answers[destination("store").name] = AccessDenied("give us set")


def _destination_silent(world: World) -> None:
    world.integrations.kinds["automatic"].answers[destination("store").name] = Unavailable("no answer")


def _configuration_spoilt(world: World) -> None:
    world.settings.spoilt = True


def _nobody_reached(world: World) -> None:
    world.channel = MemoryChannel(audiences=())


def _no_fallback(world: World) -> None:
    world.settings.now = replace(world.settings.now, fallback_audience=None)


def _canary_gone(world: World) -> None:
    world.settings.now = replace(world.settings.now, canary=Canary(application=NOTHING_THERE, line=LINE))


def _no_identity(world: World) -> None:
    world.surroundings.mishaps.always("identity", Mishap.DENIED)


def _reading_denied(world: World) -> None:
    world.directory.reads.always("applications", Mishap.DENIED)


def _rules_denied(world: World) -> None:
    world.directory.reads.always("rules", Mishap.DENIED)


def _time_silent(world: World) -> None:
    world.surroundings.mishaps.always("service_time", Mishap.UNAVAILABLE)


def _not_owned(world: World) -> None:
    for record in world.directory._records.values():
        record.owners = ()


def _owners_denied(world: World) -> None:
    world.directory.reads.always("owners", Mishap.DENIED)


def _row_denied(world: World) -> None:
    world.tables.mishaps.always("commit", Mishap.DENIED)


def _cannot_write(world: World) -> None:
    lack(world, "Application.ReadWrite.OwnedBy")


def _cannot_read_use(world: World) -> None:
    lack(world, "AuditLog.Read.All")


def _cannot_read_policies(world: World) -> None:
    lack(world, "Policy.Read.All")


BROKEN: tuple[tuple[Break, str, str], ...] = (
    (_cannot_write, "permission", f"grant-graph-permissions.sh --identity {OUR_OBJECT} --apply"),
    (_cannot_read_use, "permission", "grant-graph-permissions.sh"),
    (_cannot_read_policies, "permission", "grant-graph-permissions.sh"),
    (_vault_refuses, "vault", f'az role assignment create --role "Key Vault Secrets Officer" --assignee {OUR_OBJECT}'),
    (_vault_silent, "vault", "az keyvault show --name vault"),
    (_probe_deleted, "vault", f"az keyvault secret recover --vault-name vault --name {PROBE}"),
    (_table_gone, "table", "az storage table create"),
    (_queue_gone, "queue", "az storage queue create --name scans --account-name contoso"),
    (_queue_denied, "queue", 'az role assignment create --role "Storage Queue Data Contributor"'),
    (_container_gone, "container", "az storage container create --name snapshots"),
    (_clock_wrong, "clock", "timedatectl"),
    (_time_silent, "clock", "run it again"),
    (_destination_refuses, "destination", "rotation destinations check store"),
    (_destination_silent, "destination", "rotation destinations check store"),
    (_configuration_spoilt, "configuration", "rotation config check"),
    (_nobody_reached, "audience", "audience people in rotation.yaml"),
    (_no_fallback, "audience", "fallback_audience"),
    (_canary_gone, "canary", "canary:"),
    (_no_identity, "identity", "az login --tenant"),
    (_reading_denied, "graph", "grant-graph-permissions.sh"),
    (_rules_denied, "graph", "Policy.Read.All"),
    (_not_owned, "owner", f"own-applications.sh --identity {OUR_OBJECT} --apply"),
    (_owners_denied, "owner", "rotation doctor"),
    (_tables_denied, "table", f'"Storage Table Data Contributor" --assignee {OUR_OBJECT} --scope $(az storage account'),
    (_container_denied, "container", f'"Storage Blob Data Owner" --assignee {OUR_OBJECT} --scope $(az storage account'),
    (_row_denied, "table", 'az role assignment create --role "Storage Table Data Contributor"'),
)


@pytest.mark.parametrize(("spoil", "check", "remedy"), BROKEN, ids=[each[0].__name__.strip("_") for each in BROKEN])
async def test_one_broken_thing_is_one_finding_with_its_remedy(spoil: Break, check: str, remedy: str) -> None:
    world = well()
    await in_use(world)
    spoil(world)
    found = only(await look(world))
    assert found.check == check
    assert remedy in found.remedy
    assert not {"...", "OBJECT_ID", "WORKSPACE_RESOURCE_ID"} & set(found.remedy.split()), "it can be pasted as it is"


async def test_what_is_missing_before_the_first_use_is_made_by_itself() -> None:
    world = well()
    _table_gone(world)
    _queue_gone(world)
    seen = await look(world)
    assert seen.healthy
    assert {"table", "queue"} <= {finding.check for finding in seen.of(Standing.WARNING)}


async def test_what_a_scan_has_not_written_to_may_be_missing_after_it() -> None:
    """A fresh installation makes each table when it first writes to it: nobody has deleted anything."""
    world = well()
    await world.scan()
    world.surroundings.tables -= {keys.ROTATIONS, keys.LINES, keys.VAULT_NAMES, keys.WAKES, keys.ONCE}
    del world.surroundings.queues[keys.QUEUE_ROTATIONS]
    seen = await look(world)
    assert seen.healthy
    table, queue = (found for found in seen.of(Standing.WARNING) if found.check in {"table", "queue"})
    assert "made when it is first used" in table.says
    assert "az storage table create" in table.remedy
    assert queue.subject == keys.QUEUE_ROTATIONS


@pytest.mark.parametrize("name", [keys.SCANS, keys.LEASES])
async def test_what_a_scan_has_written_to_was_deleted(name: str) -> None:
    world = well()
    await world.scan()
    world.surroundings.tables -= {name, keys.ONCE}
    assert only(await look(world)).subject == name


async def test_what_a_rotation_has_written_to_was_deleted() -> None:
    world = well()
    await in_use(world)
    world.surroundings.tables.discard(keys.WAKES)
    found = only(await look(world))
    assert (found.subject, "who deleted it?" in found.says) == (keys.WAKES, True)


async def test_who_only_monitors_needs_no_right_to_write() -> None:
    world = well()
    world.add_application()
    world.change_policy(mode=Mode.MONITOR)
    world.surroundings.who = replace(world.surroundings.who, permissions=frozenset({"Application.Read.All"}))
    seen = await look(world)
    assert seen.healthy
    assert (
        "Mail.Send" in only(Report(at=seen.at, who="", findings=seen.of(Standing.WARNING)[:1]), Standing.WARNING).says
    )


async def test_a_person_looks_and_the_apps_own_identity_is_judged() -> None:
    world = well()
    await in_use(world)
    scopes = frozenset({"Directory.AccessAsUser.All"})
    world.surroundings.who = Identity(name="ada", client_id=ELSE, object_id="ada", person=True, permissions=scopes)
    mine = world.add_application(77)
    world.directory.record(mine.object_id).roles = tuple(ENOUGH - {"AuditLog.Read.All"})
    services = replace(world.services(), own_client_ids=frozenset({mine.client_id, OURS}))
    world.surroundings.principals[mine.client_id] = OUR_OBJECT
    found = only(await examine(services))
    assert (found.check, found.subject) == ("permission", f"our identity {mine.client_id}")
    assert "AuditLog.Read.All" in found.says


async def test_an_identity_without_a_service_principal_is_named_by_a_placeholder() -> None:
    world = well()
    mine = world.add_application(77)
    world.directory.record(mine.object_id).roles = ("Application.Read.All",)
    services = replace(world.services(), own_client_ids=frozenset({mine.client_id}))
    found = (await examine(services)).of(Standing.BROKEN)
    assert all("--identity OBJECT_ID" in finding.remedy for finding in found if finding.check == "permission")
    assert found


async def test_power_that_nothing_needs_is_told() -> None:
    world = well()
    await in_use(world)
    more = ENOUGH | {"RoleManagement.ReadWrite.Directory"}
    world.surroundings.who = replace(world.surroundings.who, permissions=more)
    found = only(await look(world), Standing.WARNING)
    assert "could take over the tenant" in found.says
    assert "appRoles[?value=='RoleManagement.ReadWrite.Directory'].id" in found.remedy
    assert f"servicePrincipals/{OUR_OBJECT}/appRoleAssignments; az rest --method delete" in found.remedy


async def test_without_mail_send_the_token_cannot_tell_and_a_test_can() -> None:
    world = well()
    await in_use(world)
    lack(world, "Mail.Send")
    found = only(await look(world), Standing.WARNING)
    assert "rotation notify test" in found.says
    assert f"scope-mail.ps1 -ClientId {OURS}" in found.remedy


async def test_owners_addresses_are_needed_where_a_policy_selects_by_them() -> None:
    world = well()
    world.change_policy(selector=Selector(owners=frozenset({"ada@contoso.example"})))
    assert any("addresses of owners" in finding.says for finding in (await look(world)).of(Standing.WARNING))


async def test_a_directory_without_applications_says_what_could_not_be_tried() -> None:
    seen = await look(well())
    assert any("there is none" in finding.says for finding in seen.of(Standing.WARNING))


async def test_what_policies_say_of_secrets_is_told() -> None:
    world = well()
    application, _line = await in_use(world)
    rules = CredentialRules(addition_forbidden=True, longest=timedelta(days=90))
    world.directory.record(application.object_id).rules = rules
    says = [finding.says for finding in (await look(world)).findings if finding.subject == "app-management policies"]
    assert says == ["readable; new secrets are forbidden, longest lifetime 90 days"]


@pytest.mark.parametrize(("log", "remedy"), [(False, "AuditLog.Read.All"), (True, "Log Analytics Reader")])
async def test_a_usage_source_that_cannot_be_read_is_told(log: bool, remedy: str) -> None:
    world = well()
    await in_use(world)
    world.use_sources(report=not log, log=log)
    source = world.sign_in_log if log else world.usage
    assert source is not None
    if not log:
        source._name = "graph-report"
    source.mishaps.always("sightings", Mishap.DENIED)
    world.surroundings.place = replace(world.surroundings.place, workspaces=("w-1", "w-2"))
    told = only(await look(world)).remedy
    assert remedy in told
    assert OUR_OBJECT in told
    assert ("[?customerId=='w-1' || customerId=='w-2'].id" in told) == log


async def test_without_a_usage_source_nothing_is_retired_on_evidence() -> None:
    world = well()
    await in_use(world)
    world.use_sources(report=False)
    assert "lapses" in only(await look(world), Standing.WARNING).says


async def test_a_clock_that_is_a_little_off_is_a_warning() -> None:
    world = well()
    await in_use(world)
    world.surroundings.ahead = timedelta(minutes=1)
    assert "behind" in only(await look(world), Standing.WARNING).says


async def test_a_firewall_is_told_from_a_missing_role() -> None:
    world = well()
    await in_use(world)
    world.vaults.memory(VAULT).refusing = "vault-refused"
    world.vaults.memory(VAULT).refusal = "ForbiddenByFirewall"
    assert "network-rule add" in only(await look(world)).remedy


async def test_lines_without_a_canary_are_warned_of() -> None:
    world = well()
    await in_use(world)
    world.settings.now = replace(world.settings.now, canary=None)
    assert only(await look(world), Standing.WARNING).check == "canary"


async def test_a_canary_that_is_not_enrolled_stops_every_night() -> None:
    world = well()
    await in_use(world)
    other = world.add_application(5)
    world.make_canary(other)
    assert f"rotation enrol {other.object_id}" in only(await look(world)).remedy


async def test_messages_that_the_host_gave_up_on_are_told() -> None:
    world = well()
    await in_use(world)
    world.surroundings.queues[keys.poison_of(keys.QUEUE_SCANS)] = 3
    assert "3 messages" in only(await look(world), Standing.WARNING).says


async def test_an_incomplete_scan_a_missed_night_and_what_stands_still_are_told() -> None:
    world = well()
    await in_use(world)
    world.directory.reads.always("applications", Mishap.UNAVAILABLE)
    await world.scan()
    world.directory.reads.always("applications", None)
    assert "rotation scan --wait" in only(await look(world)).remedy
    other = world.add_application(2)
    await world.enrol(other)
    await world.open(other)
    world.clock.advance(timedelta(days=9))
    nightly = Schedule.parse("0 0 2 * * *")
    await world.calm().control.watched.change(lambda _before: Watched(since=world.clock.now() - timedelta(days=8)))
    services = replace(world.services(), nights=nightly)
    found = {(each.check, each.subject) for each in (await examine(services)).of(Standing.BROKEN, Standing.WARNING)}
    assert ("rotation", "stands still") in found
    assert {("scan", "complete"), ("scan", "night")} <= found


async def test_brakes_are_told() -> None:
    world = well()
    await in_use(world)
    await operating.pause(world.calm(), by="ada", reason="freeze")
    assert "by ada: freeze" in only(await look(world), Standing.WARNING).says
    await world.calm().control.breaker.change(lambda before: replace(before, open_reason="access-denied"))
    assert "rotation resume --breaker" in only(await look(world)).remedy


async def test_what_hangs_is_cut_and_tells_of_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = well()
    await in_use(world)
    monkeypatch.setattr(ward, "WITHIN", timedelta(milliseconds=50))

    async def hang() -> bool:
        await asyncio.sleep(10)
        return True

    world.surroundings.has_container = hang  # type: ignore[method-assign]
    found = only(await look(world))
    assert (found.check, found.standing) == ("container", Standing.UNKNOWN)


@pytest.mark.parametrize(("url", "name"), [("https://kv-a.vault.azure.net", "kv-a"), ("odd", "odd")])
def test_a_vault_is_named_as_the_azure_cli_names_it(url: str, name: str) -> None:
    assert name_of(url) == name
