"""Vaults: in memory, and the sandbox's Key Vault."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.key_vault import KeyVaults
from rotation.domain.errors import RotationError, Throttled, Unavailable, VaultRefused
from rotation.ports.vault import Vault, Vaults
from sandbox.cloud import Cloud
from tests.contract.exceptions import assert_absent, assert_speaks_our_language
from tests.contract.promises_vault import Act, VaultPromises, version
from tests.fakes.mishaps import Mishap
from tests.fakes.vault import MemoryVault, MemoryVaults


class TestMemoryVault(VaultPromises):
    @pytest.fixture
    def vault(self) -> MemoryVault:
        return MemoryVault()

    @pytest.fixture
    def soft_delete(self, vault: MemoryVault) -> Act:
        return vault.soft_delete

    @pytest.fixture
    def refuse(self, vault: MemoryVault) -> Act:
        def act(_name: str) -> None:
            vault.refusing = "vault-refused"

        return act

    async def test_a_repeated_write_leaves_one_version_too_many(self, vault: MemoryVault, name: str) -> None:
        vault.mishaps.plan("write", Mishap.REPEATED, Mishap.LOST_AFTER)
        made = await vault.write(name, version("one"))
        assert [one.version for one in await vault.versions(name)][-1] == made
        with pytest.raises(Unavailable):
            await vault.write(name, version("two"))
        assert len(await vault.versions(name)) == 3

    async def test_vaults_are_found_by_address(self) -> None:
        vaults = MemoryVaults()
        assert vaults.at("https://a.example/") is vaults.memory("https://a.example")
        assert vaults.at("https://a.example") is not vaults.at("https://b.example")


@pytest.mark.sandbox
class TestKeyVault(VaultPromises):
    @pytest.fixture
    async def vaults(self, identity: ClientSecretCredential) -> AsyncIterator[Vaults]:
        async with KeyVaults(identity, verify_challenge_resource=False) as vaults:
            yield vaults

    @pytest.fixture
    def vault(self, vaults: Vaults, cloud: Cloud) -> Vault:
        return vaults.at(cloud.urls["vault"])

    @pytest.fixture
    def soft_delete(self, cloud: Cloud) -> Act:
        def act(name: str) -> None:
            cloud.vaults["vault"].delete(name)

        return act

    @pytest.fixture
    def refuse(self, cloud: Cloud) -> Act:
        def act(name: str) -> None:
            rule = {"part": "vault", "match": {"path": name}, "action": "status", "status": 403, "code": "Forbidden"}
            cloud.faults.add({**rule, "times": None})

        return act

    async def test_two_vaults_are_strangers(self, vaults: Vaults, cloud: Cloud, name: str) -> None:
        await vaults.at(cloud.urls["vault"]).write(name, version("one"))
        other = vaults.at(cloud.urls["vault2"])
        assert list(await other.versions(name)) == []
        assert other.url == cloud.urls["vault2"]

    async def test_its_delay_is_told(self, vault: Vault, cloud: Cloud, name: str) -> None:
        cloud.faults.add({"part": "vault", "action": "throttle", "retry_after": 0, "times": 2})
        cloud.faults.add({"part": "vault", "action": "throttle", "retry_after": 61, "times": 1})
        with pytest.raises(Throttled) as caught:
            await vault.versions(name)
        assert caught.value.retry_after == timedelta(seconds=61)

    async def test_a_broken_vault_is_unavailable(self, vault: Vault, cloud: Cloud, name: str) -> None:
        rule = {"part": "vault", "action": "status", "status": 500, "code": "InternalServerError", "retry_after": 0}
        cloud.faults.add({**rule, "times": None})
        with pytest.raises(Unavailable):
            await vault.versions(name)

    async def test_no_failure_of_a_write_tells_the_text(self, vault: Vault, cloud: Cloud, name: str) -> None:
        canary = "canary~3v3ryTh1ng"
        failures: list[RotationError] = []
        for status in (403, 409, 400):
            cloud.faults.add({"part": "vault", "action": "status", "status": status, "code": "Whatever"})
            with pytest.raises(RotationError) as caught:
                await vault.write(name, version(canary))
            failures.append(caught.value)
        for failure in failures:
            assert_speaks_our_language(failure)
            assert_absent(canary, failure)
        assert isinstance(failures[0], VaultRefused)
