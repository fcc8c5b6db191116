"""Throw-away applications: in the fake tenant, and in the sandbox's Graph and vault."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.throw_aways import GraphThrowAways
from rotation.adapters.key_vault import KeyVaults
from rotation.domain.identifiers import ObjectId
from rotation.ports.throw_aways import ThrowAways
from rotation.ports.vault import Vault
from sandbox.cloud import Cloud
from tests.contract.promises_throw_aways import Tenant, ThrowAwaysPromises
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application
from tests.fakes.throw_aways import MemoryThrowAways
from tests.fakes.vault import MemoryVaults

MEMORY = "https://vault.example"


class _MemoryTenant:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory, self._number = directory, 0

    def named(self, name: str, *tags: str) -> ObjectId:
        self._number += 1
        made = replace(make_application(self._number, name=name), tags=tags)
        self._directory.add(made)
        return made.object_id

    def is_there(self, object_id: ObjectId) -> bool:
        return not self._directory.record(object_id).deleted


class TestMemoryThrowAways(ThrowAwaysPromises):
    @pytest.fixture
    def directory(self) -> MemoryDirectory:
        return MemoryDirectory(MovableClock())

    @pytest.fixture
    def vaults(self) -> MemoryVaults:
        return MemoryVaults(clock=MovableClock())

    @pytest.fixture
    def vault(self, vaults: MemoryVaults) -> Vault:
        return vaults.at(MEMORY)

    @pytest.fixture
    def tenant(self, directory: MemoryDirectory) -> Tenant:
        return _MemoryTenant(directory)

    @pytest.fixture
    def throw_aways(self, directory: MemoryDirectory, vaults: MemoryVaults) -> ThrowAways:
        return MemoryThrowAways(directory, vaults, MovableClock())


class _CloudTenant:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def named(self, name: str, *tags: str) -> ObjectId:
        entry = self._cloud.entra.add_application({"displayName": name, "tags": list(tags)})
        return ObjectId(entry.id)

    def is_there(self, object_id: ObjectId) -> bool:
        return any(each.id == object_id and each.document for each in self._cloud.entra.directory.applications)


@pytest.mark.sandbox
class TestGraphThrowAways(ThrowAwaysPromises):
    @pytest.fixture
    async def vaults(self, identity: ClientSecretCredential) -> AsyncIterator[KeyVaults]:
        async with KeyVaults(identity, verify_challenge_resource=False) as vaults:
            yield vaults

    @pytest.fixture
    def vault(self, cloud: Cloud, vaults: KeyVaults) -> Vault:
        return vaults.at(cloud.urls["vault"])

    @pytest.fixture
    def tenant(self, cloud: Cloud) -> Tenant:
        return _CloudTenant(cloud)

    @pytest.fixture
    def throw_aways(self, graph_client: GraphClient, vaults: KeyVaults) -> ThrowAways:
        return GraphThrowAways(graph_client, vaults)
