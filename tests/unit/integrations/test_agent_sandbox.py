"""The automatic profile against the sandbox: its Resource Manager, its vault, and its sign-in."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from rotation.domain.delivery import Found, Level
from rotation.domain.errors import AccessDenied
from rotation.domain.identifiers import ClientId, DestinationName, KeyId, SecretVersion, TenantId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices
from sandbox.arm_run_commands import ARC
from sandbox.cloud import Cloud
from sandbox.downstream.wire import Reference, Unreadable, Wire
from sandbox.windows_server import WindowsServer
from tests.contract.harness_base import HOME, no_token, shipment
from tests.contract.windows_harnesses import APPSETTINGS, GROUP, TARGET
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVaults

pytestmark = pytest.mark.sandbox
MACHINE = f"{GROUP}/{ARC}/SRV-CISYNC-01"
ARM = "https://management.azure.com/.default"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        yield running


def windows(cloud: Cloud, client_id: str) -> WindowsServer:
    """A server whose identity reads the sandbox's vault, and which signs in at its sign-in."""
    wire: Wire = cloud.downstream.wire

    async def fetch(secret_id: str) -> str | None:
        vault, name, version = secret_id.replace("/secrets/", "/").rsplit("/", 2)
        identity = cloud.downstream.identity
        assert identity is not None
        try:
            reference = Reference(vault_url=vault, name=name, version=version)
            return (await wire.read(reference, identity=identity)).text
        except Unreadable:
            return None

    async def sign_in(asked_for: str, text: str) -> str:
        return "yes" if (await wire.sign_in(asked_for, text, source="ci-sync")).ok else "no"

    source: dict[str, Any] = {**APPSETTINGS["Sources"][0], "ClientId": client_id}
    server = WindowsServer(fetch=fetch, sign_in=sign_in, settings={"Sources": [source]})
    server.credentials[TARGET] = "OLD~of-before"
    return server


def services(cloud: Cloud, who: tuple[str, str] | None) -> IntegrationServices:
    """What the program has; without *who* its token is worth nothing."""
    context = ssl.create_default_context(cafile=cloud.ca_file)

    async def token(scope: str) -> SecretText:
        assert scope == f"{cloud.urls['arm']}/.default"
        if who is None:
            return SecretText("worthless")
        return SecretText((await cloud.downstream.wire.sign_in(*who, scope=ARM)).token)

    return IntegrationServices(
        vaults=MemoryVaults(),
        home_vault=HOME,
        open_client=lambda: httpx.AsyncClient(verify=context, trust_env=False),
        clock=cloud.clock,
        tenant_id=TenantId(cloud.tenant_id),
        directory=MemoryDirectory(MovableClock()),
        token=token,
        token_as=no_token,
        **clouds.of_sandbox(cloud.urls),
    )


async def test_the_server_fetches_proves_and_signs_in(cloud: Cloud) -> None:
    client_id = str(cloud.entra.add_application({"displayName": "ci-sync"}).current["appId"])
    minted = cloud.entra.add_secret(client_id, end=datetime.now(UTC) + timedelta(days=180))
    version = cloud.vaults["vault"].seed("ci-sync", minted["secretText"], tags={"key-id": minted["keyId"]})
    server = windows(cloud, client_id)
    machine = cloud.machines.add(MACHINE, server.execute)
    settings = {
        "storage": "wincred",
        "transport": "arc-run-command",
        "machine": MACHINE,
        "profile": "syncfish-ci-sync",
        "application_id": client_id,
        "discovered": "0" * 16,
    }
    to = Destination(name=DestinationName("ci-sync"), kind="agent", settings=settings, fingerprint="")
    integration = Catalogue(services(cloud, cloud.app)).of(to)
    found = (await integration.check(to)).why.partition("discovered: ")[2][:16]
    to = replace(to, settings=settings | {"discovered": found})
    text = SecretText(minted["secretText"])
    told = replace(
        shipment(now=datetime.now(UTC)),
        client_id=ClientId(client_id),
        key_id=KeyId(minted["keyId"]),
        vault_url=cloud.urls["vault"],
        secret_name="ci-sync",
        version=SecretVersion(version.id),
    )
    assert (await integration.verify(to, told, text)).found is Found.OLDER
    receipt = await integration.deliver(to, told, text)
    await integration.activate(to, told, receipt)
    verdict = await integration.verify(to, told, text)
    assert (verdict.found, verdict.level, verdict.signed_in) == (Found.CURRENT, Level.AUTHENTICATES, True)
    await integration.cleanup(to, told)
    assert (server.writes, server.restarts, machine.commands) == (1, 1, {})
    assert text.reveal() not in "".join(cloud.machines.bodies)
    with pytest.raises(AccessDenied):
        await Catalogue(services(cloud, None)).of(to).deliver(to, told, text)
