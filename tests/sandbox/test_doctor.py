"""`rotation doctor` over the real wire: Graph, vaults, storage and mail, with one thing broken at a time."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueServiceClient

from rotation import settings
from rotation.adapters.storage import StorageAccount
from rotation.bootstrap import Composition
from rotation.ledger import keys
from rotation.workflows.doctor.examining import examine
from rotation.workflows.doctor.findings import Finding, Report, Standing, Wants
from rotation.workflows.scanning import begin_scan, run_scan
from sandbox.cloud import Cloud
from sandbox.entra.rights import ROLE_IDS
from sandbox.storage import Azurite

pytestmark = pytest.mark.sandbox

CONFIGURATION = """
audiences:
  people: {{mail: [people@contoso.example]}}
reminders: {{fallback: people, sender: "{sender}"}}
destinations:
  copy: {{kind: key-vault, vault: "{vault}", secret: a-copy}}
policies:
  - name: ours
    mode: rotate
    select: {{names: ["doctor's own*"]}}
    audience: people
    destinations: [copy]
  - name: everything
    select: {{everything: true}}
    audience: people
"""


@pytest.fixture
async def composition(
    cloud: Cloud, azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Composition]:
    """The app as `rotation doctor` opens it, signed in as the app's own identity, after one complete scan."""
    file = tmp_path / "rotation.yaml"
    sender = cloud.entra.add_user("Doctor").current["mail"]
    file.write_text(CONFIGURATION.format(vault=cloud.urls["vault2"], sender=sender))
    environment = {name: value for name, value in cloud.environment().items() if not name.startswith("SANDBOX_")}
    environment |= {
        "AZURE_TENANT_ID": cloud.tenant_id,
        "AZURE_CLIENT_SECRET": cloud.app[1],
        "ROTATION_CONFIG": str(file),
        "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
        "AzureWebJobsStorage__blobServiceUri": azurite.blob_url,
        "AzureWebJobsStorage__queueServiceUri": azurite.queue_url,
        "AzureWebJobsStorage__tableServiceUri": azurite.table_url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with Composition(settings.read(environment, hosted=False), hosted=False) as made:
        await _as_deployed(made)
        yield made


async def _as_deployed(made: Composition) -> None:
    """Make what infra makes, and let one scan be complete."""
    account: StorageAccount = made._account()
    async with account.tables() as tables, account.queues() as queues:
        for table in keys.TABLES:
            await tables.create_table_if_not_exists(table)
        for queue in keys.QUEUES:
            await _make_queue(queues, queue)
    scan = await begin_scan(made.services, by="test")
    await run_scan(made.services, scan)


async def _make_queue(queues: QueueServiceClient, name: str) -> None:
    with suppress(ResourceExistsError):
        await queues.create_queue(name)


async def look(made: Composition, wants: Wants | None = None) -> Report:
    return await examine(made.services, wants)


def only(seen: Report) -> Finding:
    found = seen.of(Standing.BROKEN, Standing.UNKNOWN)
    assert len(found) == 1, found
    return found[0]


async def test_a_deployment_that_is_well_can_be_proven_so(composition: Composition) -> None:
    seen = await look(composition, Wants(notify=True))
    assert seen.of(Standing.BROKEN, Standing.UNKNOWN) == ()
    assert {"a row was written and taken back", "taken by the far end"} <= {finding.says for finding in seen.findings}


@pytest.mark.parametrize(
    "role", ["Application.ReadWrite.OwnedBy", "Policy.Read.All", "AuditLog.Read.All", "Application.Read.All"]
)
async def test_a_missing_role_is_named_with_the_script_that_grants_it(
    cloud: Cloud, composition: Composition, role: str
) -> None:
    principal = cloud.entra.principal_of(cloud.app[0])
    assignments = cloud.entra.directory.assignments
    taken = [
        each for each in assignments if each["principalId"] == principal.id and each["appRoleId"] == ROLE_IDS[role]
    ]
    assignments.remove(taken[0])
    try:
        async with Composition(
            composition.settings, hosted=False
        ) as fresh:  # a token says what was so when it was given
            found = (await look(fresh)).of(Standing.BROKEN)
    finally:
        assignments.append(taken[0])
    named = [finding for finding in found if finding.check == "permission" and role in finding.says]
    if role == "Application.Read.All":  # the right to write what one owns lets Graph list, too
        assert found == ()
        return
    assert named, found
    assert f"--identity {principal.id} --apply" in named[0].remedy


async def test_a_vault_that_refuses_by_role_and_by_firewall(cloud: Cloud, composition: Composition) -> None:
    gate = cloud.vaults["vault"].gate
    gate.allow(cloud.app[0], ["get", "list"])
    try:
        found = only(await look(composition))
        assert (found.check, found.subject) == ("vault", cloud.urls["vault"])
        assert "Key Vault Secrets Officer" in found.remedy
        gate.firewall = True
        assert "network-rule add" in only(await look(composition)).remedy
    finally:
        gate.firewall = False
        gate._allowed.clear()


async def test_a_wrong_vault_and_a_destination_out_of_reach(cloud: Cloud, composition: Composition) -> None:
    cloud.faults.add({"part": "vault:vault2", "action": "status", "status": 503, "times": None})
    found = only(await look(composition))
    assert (found.check, found.subject) == ("destination", "copy")
    assert found.standing is Standing.UNKNOWN


async def test_a_missing_queue_and_a_missing_table(composition: Composition) -> None:
    account = composition._account()
    async with account.queues() as queues:
        await queues.delete_queue(keys.QUEUE_SCANS)
        found = only(await look(composition))
        await _make_queue(queues, keys.QUEUE_SCANS)
    assert (found.check, found.subject) == ("queue", "scans")
    assert found.remedy.startswith("az storage queue create --name scans")
    async with account.tables() as tables:
        await tables.delete_table(keys.LEASES)
        found = only(await look(composition))
        await tables.create_table(keys.LEASES)
    assert (found.check, found.subject) == ("table", "leases")


@pytest.mark.parametrize("skew", [timedelta(minutes=10), timedelta(minutes=-10)])
async def test_a_skewed_clock(cloud: Cloud, composition: Composition, skew: timedelta) -> None:
    cloud.clock.shift(skew)
    assert any(found.check == "clock" for found in (await look(composition)).of(Standing.BROKEN))


async def test_a_dead_channel_is_found_by_the_message_that_does_not_go_out(
    cloud: Cloud, composition: Composition
) -> None:
    cloud.faults.add({"part": "graph", "match": {"path": "sendMail"}, "action": "status", "status": 403, "times": None})
    found = only(await look(composition, Wants(notify=True)))
    assert (found.check, found.subject) == ("channel", "mail to people")


async def test_a_directory_that_is_out_of_reach(cloud: Cloud, composition: Composition) -> None:
    cloud.faults.add({"part": "graph", "action": "status", "status": 503, "times": None})
    unknown = {finding.check for finding in (await look(composition)).of(Standing.UNKNOWN)}
    assert "graph" in unknown
