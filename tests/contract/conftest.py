"""Real adapters, wired to the sandbox as `bootstrap` wires them to Azure: only addresses and identities differ."""

from collections.abc import AsyncIterator

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.storage import CONNECTION, StorageAccount
from sandbox.cloud import Cloud
from sandbox.storage import Azurite


@pytest.fixture
async def identity(cloud: Cloud) -> AsyncIterator[ClientSecretCredential]:
    """Our app's own identity, with no more rights than it has in Azure."""
    credential = ClientSecretCredential(cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"])
    async with credential:
        yield credential


@pytest.fixture
def account(azurite: Azurite, identity: ClientSecretCredential) -> StorageAccount:
    """The storage account as an identity-based connection."""
    addresses = {"blob": azurite.blob_url, "queue": azurite.queue_url, "table": azurite.table_url}
    settings = {f"{CONNECTION}__{service}ServiceUri": url for service, url in addresses.items()}
    return StorageAccount.read(settings, credential=identity)


@pytest.fixture
async def graph_client(cloud: Cloud, identity: ClientSecretCredential) -> AsyncIterator[GraphClient]:
    """A connection to the sandbox's Graph as our app."""
    async with GraphClient(identity, cloud.urls["graph"]) as client:
        yield client


@pytest.fixture
def graph_directory(graph_client: GraphClient) -> GraphDirectory:
    """The real directory adapter."""
    return GraphDirectory(graph_client)
