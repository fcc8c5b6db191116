"""End dates of connection secrets, as Microsoft's SDK reads them from the sandbox's Key Vault."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.key_vault import KeyVaults
from rotation.domain.policy import Connection
from rotation.domain.secret import SecretText
from rotation.ledger.expiries import all_expiries
from rotation.ports.vault import NewVersion
from rotation.workflows.connection_secrets import ConnectionSecrets
from sandbox.cloud import Cloud
from tests.fakes.clock import MovableClock
from tests.fakes.world import World, configure, destination

pytestmark = pytest.mark.sandbox

CANARY = SecretText("CANARY~connection-8Q.vx-1234567890")


@pytest.fixture
async def vaults(cloud: Cloud) -> AsyncIterator[KeyVaults]:
    credential = ClientSecretCredential(cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"])
    async with credential, KeyVaults(credential, verify_challenge_resource=False) as found:
        yield found


def using(*references: str) -> dict[str, Connection]:
    return {
        f"c{place}": Connection(name=f"c{place}", type="token", settings={}, fingerprint="f", secrets=(reference,))
        for place, reference in enumerate(references)
    }


async def test_ends_are_read_from_two_vaults_and_a_missing_one_is_named(cloud: Cloud, vaults: KeyVaults) -> None:
    now = datetime.now(UTC)
    home, other = cloud.urls["vault"], cloud.urls["vault2"]
    ends = now.replace(microsecond=0) + timedelta(days=20)
    for url, name in ((home, "token-here"), (other, "token-there")):
        await vaults.at(url).write(name, NewVersion(text=CANARY, tags={}, expires_at=ends))
    world = World(configuration=configure(destination("store")), clock=MovableClock(now))
    named = using("token-here", f"{other}/secrets/token-there", "token-nowhere")
    world.settings.now = replace(world.settings.now, connections=named)
    services = replace(world.services(), vaults=vaults, vault_url=home)
    found = ConnectionSecrets(services=services)
    await found.read()
    told = {expiry.credential_name: expiry.end_at async for expiry in all_expiries(world.tables)}
    assert told == {"token-here": ends, "token-there": ends}
    assert [remark for remark in found.remarks if "token-nowhere of connection c2 is not in" in remark]
    assert found.counts["connection_wrong"] == 1
    assert not [row for row in world.tables.commits if CANARY.reveal() in repr(row)]
