"""The cloud as a whole: control server, resource manager, size, and as a process of its own."""

import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from azure.keyvault.secrets.aio import SecretClient

from sandbox.cloud import Cloud
from sandbox.entra.tokens import MANAGEMENT
from sandbox.tenant.document import to_document
from sandbox.tenant.generator import generate
from tests.sandbox.conftest import graph_client, token_of

pytestmark = pytest.mark.sandbox
GENEROUS = 120
"""Seconds: ten times what a busy machine needs, and less than what grows with the square of the applications."""


@pytest.fixture
async def control(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=cloud.urls["control"]) as client:
        yield client


async def test_control_moves_the_clock(cloud: Cloud, control: httpx.AsyncClient) -> None:
    await control.post("/clock", json={"offset_seconds": 86400})
    told = (await control.post("/clock", json={"shift_seconds": 60})).json()
    assert told["offset_seconds"] == 86460
    assert (await control.get("/clock")).json()["offset_seconds"] == 86460
    assert cloud.clock.now() - datetime.now(UTC) > timedelta(days=1)


async def test_control_sets_faults_and_behaviour(cloud: Cloud, control: httpx.AsyncClient) -> None:
    rule = (await control.post("/faults", json={"part": "vault", "action": "slow", "delay_seconds": 1})).json()["id"]
    assert [r["id"] for r in (await control.get("/faults")).json()["value"]] == [rule]
    assert (await control.delete(f"/faults/{rule}")).status_code == 204
    assert (await control.delete(f"/faults/{rule}")).status_code == 404
    quota = {"limit": 3, "window_seconds": 10}
    told = (await control.post("/behaviour", json={"secret_lag_seconds": 5, "write_quota": quota})).json()
    assert (told["secret_lag_seconds"], told["write_quota"]) == (5, quota)
    assert cloud.entra.behaviour.secret_lag_seconds == 5
    assert (await control.post("/behaviour", json={"unheard_of": 1})).status_code == 400
    app_id = cloud.entra.add_application().current["appId"]
    await control.post("/behaviour", json={"refuse_sign_in": {app_id: 53003}})
    assert cloud.entra.desk.refusals == {app_id: 53003}


async def test_control_tells_the_truth_and_secrets_only_as_canaries(cloud: Cloud, control: httpx.AsyncClient) -> None:
    app_id = cloud.entra.add_application().current["appId"]
    made = (await control.post("/secrets", json={"app_id": app_id, "display_name": "x", "by": "someone"})).json()
    await control.delete(f"/secrets/{app_id}/{made['keyId']}?by=someone")
    told = await control.get("/truth/entra")
    [mine] = [c for c in told.json()["credentials"] if c["keyId"] == made["keyId"]]
    assert (mine["mintedBy"], mine["removedBy"]) == ("someone", "someone")
    assert made["secretText"] not in told.text
    assert made["secretText"] in (await control.get("/truth/canaries")).json()["value"]
    assert (await control.get("/truth/vault")).json().keys() == {"vault", "vault2"}
    state = (await control.get("/state")).json()
    assert (state["tenantId"], state["urls"]) == (cloud.tenant_id, cloud.urls)


async def test_control_loads_tenants(cloud: Cloud, control: httpx.AsyncClient) -> None:
    before = len(cloud.entra.directory.applications)
    tenant = generate(applications=25, seed=4711, now=datetime.now(UTC))
    loaded = await control.post("/tenant", json=to_document(tenant))
    assert loaded.json() == {"applications": before + 25}
    again = await control.post("/tenant", json=to_document(tenant))
    assert again.status_code == 400
    assert "is there already" in again.json()["error"]


async def test_the_resource_manager_lets_the_cli_sign_in(cloud: Cloud, http: httpx.AsyncClient) -> None:
    url = cloud.urls["arm"]
    headers = {"Authorization": f"Bearer {token_of(cloud, cloud.admin, audience=MANAGEMENT)}"}
    tenants = await http.get(f"{url}/tenants?api-version=2022-12-01", headers=headers)
    assert [t["tenantId"] for t in tenants.json()["value"]] == [cloud.tenant_id]
    subscriptions = await http.get(f"{url}/subscriptions?api-version=2022-12-01", headers=headers)
    assert subscriptions.json()["value"] == []
    assert (await http.get(f"{url}/tenants?api-version=2022-12-01")).status_code == 401


async def test_the_vault_takes_tokens_of_this_sign_in(cloud: Cloud) -> None:
    authority = cloud.urls["authority"]
    async with (
        ClientSecretCredential(cloud.tenant_id, *cloud.app, authority=authority) as credential,
        SecretClient(cloud.urls["vault"], credential, verify_challenge_resource=False) as client,
    ):
        await client.set_secret("whole-cloud", "text")
        assert (await client.get_secret("whole-cloud")).value == "text"


def test_100_000_applications_load_in_seconds_and_list_at_full_speed() -> None:
    stamps = {"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z", "hint": "abc"}
    documents = [
        {
            "id": f"00000000-0000-4000-8000-{n:012d}",
            "appId": f"00000000-0000-4000-9000-{n:012d}",
            "displayName": f"application {n}",
            "createdDateTime": "2024-01-01T00:00:00Z",
            "passwordCredentials": [{"keyId": f"00000000-0000-4000-a000-{n:012d}", "displayName": None, **stamps}],
        }
        for n in range(100_000)
    ]
    with Cloud() as big:
        started = time.monotonic()
        big.entra.load(documents)
        assert time.monotonic() - started < GENEROUS
        with httpx.Client(
            verify=ssl.create_default_context(cafile=big.ca_file),
            headers={"Authorization": f"Bearer {token_of(big, big.app)}"},
        ) as client:
            started, count = time.monotonic(), 0
            url = f"{big.urls['graph']}/v1.0/applications?$top=999&$select=id,appId,displayName,passwordCredentials"
            while url:
                page = client.get(url).json()
                count += len(page["value"])
                url = page.get("@odata.nextLink")
            assert count == len(big.entra.directory.applications)
            assert count >= 100_000
            assert time.monotonic() - started < GENEROUS


def test_it_runs_as_a_process_and_ends_when_told(tmp_path: Path) -> None:
    env_file, inventory = tmp_path / "env", tmp_path / "applications.json"
    tenant = generate(applications=5, seed=1, now=datetime.now(UTC))
    inventory.write_text(json.dumps(to_document(tenant)))
    command = [sys.executable, "-m", "sandbox.cloud", "--env-file", str(env_file), "--tenant", str(inventory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "stop with Ctrl-C" in line:
                break
        environment = dict(line.removeprefix("export ").split("=", 1) for line in env_file.read_text().splitlines())
        assert env_file.stat().st_mode & 0o777 == 0o600
        assert environment["SANDBOX_TENANT_ID"] == tenant.tenant_id
        assert environment["SANDBOX_APP_CLIENT_SECRET"].strip("'") not in "".join(said)
        context = ssl.create_default_context(cafile=environment["SANDBOX_CA_FILE"])
        with httpx.Client(verify=context) as client:
            state = client.get(f"{environment['SANDBOX_CONTROL_URL']}/state").json()
        assert state["applications"] >= 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not Path(environment["SANDBOX_CA_FILE"]).exists()


async def test_graph_has_no_secret_text_of_a_loaded_tenant(cloud: Cloud) -> None:
    key_id, text = "7f000000-0000-4000-8000-000000000001", "abc8Q~" + "x" * 34
    credential = {"keyId": key_id, "secretText": text, "endDateTime": "2040-01-01T00:00:00Z", "startDateTime": None}
    entry = cloud.entra.add_application({"displayName": "loaded", "passwordCredentials": [credential]})
    async with graph_client(cloud, cloud.app) as client:
        shown = await client.get(f"/applications/{entry.id}")
    assert shown.json()["passwordCredentials"][0]["hint"] == "abc"
    assert text not in shown.text
    assert text in cloud.entra.canaries()
