"""Our Graph and Key Vault adapters, and the sandbox, with Microsoft's descriptions between them (requests too)."""

import copy
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp.connector
import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from msgraph.generated.models.application import Application

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.key_vault import KeyVaults
from rotation.domain.secret import SecretText
from rotation.ports.directory import MintRequest
from rotation.ports.vault import NewVersion
from sandbox.cloud import Cloud
from tests.contract.worlds import CloudWorld
from tests.real.descriptions import GRAPH, VAULT
from tests.real.prism import Judge, description, prism, subset

pytestmark = pytest.mark.real

APPLICATION = "/applications/{application-id}"
# `applications(appId='...')`, which by_client_id asks, is younger than the description.
GRAPH_PATHS = {
    "/v1.0/applications": "/applications",
    f"/v1.0{APPLICATION}": APPLICATION,
    f"/v1.0{APPLICATION}/addPassword": f"{APPLICATION}/microsoft.graph.addPassword",
    f"/v1.0{APPLICATION}/removePassword": f"{APPLICATION}/microsoft.graph.removePassword",
}
SECRETS = ("/secrets/{secret-name}", "/secrets/{secret-name}/versions", "/secrets/{secret-name}/{secret-version}")
DELETED = "/deletedsecrets/{secret-name}"


def graph() -> dict[str, Any]:
    """Cut Graph's description, and say what addPassword takes: its own words let anything pass (integrations.md E1)."""
    cut = copy.deepcopy(subset(description(GRAPH), GRAPH_PATHS))
    asked = cut["paths"][f"/v1.0{APPLICATION}/addPassword"]["post"]["requestBody"]["content"]["application/json"]
    credential = {"$ref": "#/components/schemas/microsoft.graph.passwordCredential"}
    asked["schema"] = {
        "type": "object",
        "required": ["passwordCredential"],
        "properties": {"passwordCredential": credential},
    }
    _relax(cut)
    _renew(cut, sorted(set(Application().get_field_deserializers())))
    return cut


def _renew(node: Any, known: list[str]) -> None:
    """Let `$select` name what Microsoft's own SDK knows, which is younger than the description."""
    if isinstance(node, list):
        for each in node:
            _renew(each, known)
    elif isinstance(node, dict):
        if node.get("name") == "$select":
            node["schema"]["items"]["enum"] = sorted({*node["schema"]["items"]["enum"], *known})
        for each in node.values():
            _renew(each, known)


def _relax(node: Any) -> None:
    """Take `@odata.type` out of what is required: Graph leaves it out with `odata.metadata=minimal`."""
    if isinstance(node, list):
        for each in node:
            _relax(each)
    elif isinstance(node, dict):
        if isinstance(node.get("required"), list):
            node["required"] = [name for name in node["required"] if name != "@odata.type"]
            if not node["required"]:
                del node["required"]
        for each in node.values():
            _relax(each)


@pytest.fixture(autouse=True)
def nothing_found(described_graph: Judge, described_vault: Judge) -> None:
    """Begin each test without verdicts."""
    described_graph.found.clear()
    described_vault.found.clear()


@pytest.fixture
async def credential(cloud: Cloud) -> AsyncIterator[ClientSecretCredential]:
    async with ClientSecretCredential(cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"]) as found:
        yield found


@pytest.fixture
def trust(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Judge], None]:
    """Let the SDKs of this process trust a judge's front as well."""

    def both(judge: Judge) -> None:
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(cadata=judge.authority.decode())
        bundle = tmp_path / "both.pem"
        bundle.write_bytes(judge.authority + authority(cloud))
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

    return both


def authority(cloud: Cloud) -> bytes:
    return Path(cloud.ca_file).read_bytes()


@pytest.fixture(scope="module")
async def described_graph(cloud: Cloud) -> AsyncIterator[Judge]:
    async with prism(graph(), cloud.urls["graph"], authority=authority(cloud)) as judge:
        yield judge


@pytest.fixture(scope="module")
async def described_vault(cloud: Cloud) -> AsyncIterator[Judge]:
    paths = {path: path for path in (*SECRETS, DELETED)}
    cut = subset(description(VAULT), paths)
    # The service says null on the last page; its description knows only texts.
    cut["components"]["schemas"]["SecretListResult"]["properties"]["nextLink"]["nullable"] = True
    async with prism(cut, cloud.urls["vault"], authority=authority(cloud)) as judge:
        yield judge


async def token(cloud: Cloud, credential: ClientSecretCredential, part: str) -> dict[str, str]:
    scope = {"graph": f"{cloud.urls['graph']}/.default", "vault": "https://vault.azure.net/.default"}[part]
    return {"authorization": f"Bearer {(await credential.get_token(scope)).token}"}


async def test_the_judge_can_refuse_wrong_requests(
    cloud: Cloud, credential: ClientSecretCredential, described_graph: Judge, described_vault: Judge
) -> None:
    application = CloudWorld(cloud).make("described")
    path = f"/v1.0/applications/{application.object_id}"
    async with described_graph.open_client() as http:
        headers = await token(cloud, credential, "graph")
        wrong = {"passwordCredential": {"endDateTime": "tomorrow", "keyId": 5}}
        asked = await http.post(f"{described_graph.url}{path}/addPassword", headers=headers, json=wrong)
        nothing = await http.post(f"{described_graph.url}{path}/removePassword", headers=headers, content=b"")
    async with described_vault.open_client() as http:
        headers = await token(cloud, credential, "vault")
        valueless = await http.put(
            f"{described_vault.url}/secrets/x?api-version=7.4", headers=headers, json={"tags": {}}
        )
    assert [each.status_code for each in (asked, nothing, valueless)] == [422, 422, 422]


async def test_graph_mint_read_list_and_remove(
    cloud: Cloud, credential: ClientSecretCredential, described_graph: Judge, trust: Callable[[Judge], None]
) -> None:
    trust(described_graph)
    application = CloudWorld(cloud).make("described")
    now = datetime.now(UTC).replace(microsecond=0)
    request = MintRequest(
        application=application.object_id,
        display_name="payments (rotation:01KJPFWK000000000000000001.1)",
        start_at=now - timedelta(minutes=5),
        end_at=now + timedelta(days=180),
    )
    async with GraphClient(credential, described_graph.url, scope=f"{cloud.urls['graph']}/.default") as client:
        directory = GraphDirectory(client)
        minted = await directory.mint(request)
        assert (await directory.application(application.object_id)).holds(minted.credential.key_id)
        await directory.remove(application.object_id, minted.credential.key_id)
        assert not (await directory.application(application.object_id)).holds(minted.credential.key_id)
    assert described_graph.found == []


async def test_the_vault_write_list_read_and_disable(
    credential: ClientSecretCredential, described_vault: Judge, trust: Callable[[Judge], None]
) -> None:
    trust(described_vault)
    name = f"described-{uuid.uuid4().hex}"
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=180)
    text = NewVersion(text=SecretText("a text"), tags={"managed-by": "Rotation"}, expires_at=until)
    async with KeyVaults(credential, verify_challenge_resource=False) as vaults:
        vault = vaults.at(described_vault.url)
        assert await vault.versions(name) == []
        version = await vault.write(name, text)
        assert await vault.read(name, version) == text.text
        await vault.disable(name, version)
        (found,) = await vault.versions(name)
    assert (found.version, found.enabled, found.expires_at) == (version, False, until)
    assert described_vault.found == []


async def test_what_the_sandbox_refuses_is_described_too(
    cloud: Cloud, credential: ClientSecretCredential, described_graph: Judge
) -> None:
    headers = await token(cloud, credential, "graph")
    async with described_graph.open_client() as http:
        answer = await http.get(f"{described_graph.url}/v1.0/applications/{uuid.uuid4()}", headers=headers)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert described_graph.found == []
