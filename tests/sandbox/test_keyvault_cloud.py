"""The vault and the receivers in their place: azure-identity signs in at the sandbox, consumers use what they read."""

from collections.abc import Iterator

import pytest
from azure.identity.aio import ClientSecretCredential
from azure.keyvault.secrets.aio import SecretClient

from sandbox.cloud import Cloud

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def sky() -> Iterator[Cloud]:
    with Cloud(vaults=2) as running:
        yield running


def _credential(sky: Cloud) -> ClientSecretCredential:
    client_id, text = sky.app
    return ClientSecretCredential(
        sky.tenant_id, client_id, text, authority=sky.urls["authority"], connection_verify=sky.ca_file
    )


async def test_azure_identity_follows_the_challenge_to_both_vaults(sky: Cloud) -> None:
    async with _credential(sky) as credential:
        for part in ("vault", "vault2"):
            async with SecretClient(
                sky.urls[part], credential, verify_challenge_resource=False, connection_verify=sky.ca_file
            ) as client:
                await client.set_secret("where", part)
                assert (await client.get_secret("where")).value == part
                assert sky.vaults[part].journal[-1].app_id == sky.app[0]


async def test_a_consumer_lives_on_what_the_vault_holds(sky: Cloud) -> None:
    """It signs in with the right text, and with the next one only when that is right too."""
    client_id, text = sky.app
    sky.downstream.add_consumer("job", sky.urls["vault"], "line", client_id=client_id)
    sky.vaults["vault"].seed("line", text)
    assert await sky.downstream.sign_in_all() == [("job", True, None)]
    sky.vaults["vault"].seed("line", "a text that nobody minted")
    assert await sky.downstream.sign_in_all() == [("job", False, 7000215)]
