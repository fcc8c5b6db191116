"""A secret's text passes three adapters and stays in none of their logs (protocol.md, invariant 6)."""

import logging

import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.key_vault import KeyVault
from rotation.adapters.sign_in import EntraSignIn
from rotation.domain.errors import OutcomeUnknown
from rotation.ports.vault import NewVersion
from sandbox.cloud import Cloud
from tests.contract.promises_directory import asked
from tests.contract.worlds import CloudWorld

pytestmark = pytest.mark.sandbox


async def test_no_log_of_any_library_tells_the_text(
    cloud: Cloud, graph_directory: GraphDirectory, identity: ClientSecretCredential, caplog: pytest.LogCaptureFixture
) -> None:
    world = CloudWorld(cloud)
    application = world.make("leaks")
    sign_in = EntraSignIn(
        cloud.tenant_id, scope="https://graph.microsoft.com/.default", authority=cloud.urls["authority"]
    )
    with caplog.at_level(logging.DEBUG):
        minted = await graph_directory.mint(asked(application, world))
        await sign_in.prove(application.client_id, minted.text)
        async with KeyVault(cloud.urls["vault"], identity, verify_challenge_resource=False) as vault:
            made = await vault.write("leaks", NewVersion(text=minted.text, tags={}))
            await vault.read("leaks", made)
        world.lose("mint", done=True)
        with pytest.raises(OutcomeUnknown):
            await graph_directory.mint(asked(application, world))
    texts = [text.reveal() for text in world.texts(application)]
    assert len(texts) == 2
    assert caplog.records
    assert all(text not in caplog.text for text in texts)
