"""Clients of the session's cloud (tests/conftest.py): bare ones, and Microsoft's; and storage for each file."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from msgraph.graph_service_client import GraphServiceClient

from sandbox.cloud import Cloud
from sandbox.entra.tokens import GRAPH
from sandbox.storage import Azurite

GRAPH_SCOPE = f"{GRAPH}/.default"


@pytest.fixture(scope="module")
def azurite(cloud: Cloud) -> Iterator[Azurite]:
    """Storage of one file's own: a deployment acts on every line that it finds, also on those of another test."""
    with Azurite(cert_file=Path(cloud.cert_file), key_file=Path(cloud.key_file), host="localhost") as running:
        yield running


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    """A bare client without a token."""
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
async def graph(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    """A bare client of Graph v1.0, signed in as the administrator."""
    headers = {"Authorization": f"Bearer {token_of(cloud, cloud.admin)}"}
    async with httpx.AsyncClient(base_url=f"{cloud.urls['graph']}/v1.0", headers=headers) as client:
        yield client


@pytest.fixture
async def sdk(cloud: Cloud) -> AsyncIterator[GraphServiceClient]:
    """Microsoft's own Graph client, signed in as the administrator."""
    credential = ClientSecretCredential(cloud.tenant_id, *cloud.admin, authority=cloud.urls["authority"])
    client = GraphServiceClient(credential, scopes=[GRAPH_SCOPE])
    client.request_adapter.base_url = f"{cloud.urls['graph']}/v1.0"
    async with credential:
        yield client
        await close_graph(client)


async def close_graph(client: GraphServiceClient) -> None:
    """Close the SDK's connections: kiota's transport wraps httpx's, and does not pass `aclose` on."""
    http_client = client.request_adapter._http_client  # type: ignore[attr-defined]
    await http_client._transport.transport.aclose()
    await http_client.aclose()


def token_of(cloud: Cloud, identity: tuple[str, str], *, audience: str = GRAPH) -> str:
    """A token of an identity, without a sign-in."""
    principal = cloud.entra.principal_of(identity[0])
    roles = cloud.entra.directory.roles_of(principal.id)
    return cloud.entra.tokens.issue(app_id=identity[0], object_id=principal.id, audience=audience, roles=roles)


def graph_client(cloud: Cloud, identity: tuple[str, str], *, version: str = "v1.0") -> httpx.AsyncClient:
    """A bare client of Graph as another caller; the test closes it."""
    headers = {"Authorization": f"Bearer {token_of(cloud, identity)}"}
    return httpx.AsyncClient(base_url=f"{cloud.urls['graph']}/{version}", headers=headers)
