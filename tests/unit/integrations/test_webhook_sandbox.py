"""The webhook against the sandbox's receivers, which fetch the secret from the vault and sign in with it."""

import base64
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rotation.domain.delivery import Found, Level, Shipment
from rotation.domain.identifiers import ClientId, DestinationName, KeyId, SecretVersion, TenantId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices
from rotation.ports.integration import Integration
from rotation.ports.vault import NewVersion
from sandbox.cloud import Cloud
from tests.contract.harness_base import HOME, no_token, shipment
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVaults

pytestmark = pytest.mark.sandbox
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        yield running


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    cloud: Cloud
    integration: Integration
    destination: Destination
    shipment: Shipment
    text: SecretText


def services(cloud: Cloud, vaults: MemoryVaults) -> IntegrationServices:
    context = ssl.create_default_context(cafile=cloud.ca_file)
    return IntegrationServices(
        vaults=vaults,
        home_vault=HOME,
        open_client=lambda: httpx.AsyncClient(verify=context, trust_env=False),
        clock=cloud.clock,
        tenant_id=TenantId(cloud.tenant_id),
        directory=MemoryDirectory(MovableClock()),
        token=no_token,
        token_as=no_token,
        **clouds.of_sandbox(cloud.urls),
    )


async def scene(cloud: Cloud, name: str, *, send_value: bool = False) -> Scene:
    """One application with one secret in the sandbox's vault, and one receiver."""
    cloud.downstream.add_webhook(name, KEY)
    application = cloud.entra.add_application({"displayName": name})
    app_id = str(application.current["appId"])
    end = datetime.now(UTC) + timedelta(days=180)
    minted = cloud.entra.add_secret(app_id, end=end)
    version = cloud.vaults["vault"].seed(name, minted["secretText"], tags={"key-id": minted["keyId"]})
    vaults = MemoryVaults()
    await vaults.at(HOME).write("signing", NewVersion(text=SecretText(KEY), tags={}))
    url = f"{cloud.urls['downstream']}/hooks/{name}"
    settings = {
        "url": url,
        "verify_url": f"{url}/state",
        "signing_secret": "signing",
        "private_network": True,
        "send_value": send_value,
    }
    destination = Destination(name=DestinationName("erp"), kind="webhook", settings=settings, fingerprint="")
    told = replace(
        shipment(now=datetime.now(UTC)),
        client_id=ClientId(app_id),
        key_id=KeyId(minted["keyId"]),
        vault_url=cloud.urls["vault"],
        secret_name=name,
        version=SecretVersion(version.id),
    )
    return Scene(
        cloud=cloud,
        integration=Catalogue(services(cloud, vaults)).of(destination),
        destination=destination,
        shipment=told,
        text=SecretText(minted["secretText"]),
    )


async def test_a_receiver_fetches_the_reference_and_signs_in(cloud: Cloud) -> None:
    found = await scene(cloud, "by-reference")
    await found.integration.deliver(found.destination, found.shipment, found.text)
    verdict = await found.integration.verify(found.destination, found.shipment, found.text)
    assert (verdict.found, verdict.level) == (Found.CURRENT, Level.AUTHENTICATES)


async def test_a_wrong_value_is_held_and_does_not_sign_in(cloud: Cloud) -> None:
    found = await scene(cloud, "by-value", send_value=True)
    await found.integration.deliver(found.destination, found.shipment, SecretText("not-the-secret"))
    verdict = await found.integration.verify(found.destination, found.shipment, found.text)
    assert (verdict.found, verdict.level) == (Found.OLDER, None)


async def test_signatures_follow_the_sandbox_s_moved_clock(cloud: Cloud) -> None:
    found = await scene(cloud, "moved", send_value=True)
    cloud.clock.shift(timedelta(days=3))
    try:
        await found.integration.deliver(found.destination, found.shipment, found.text)
        verdict = await found.integration.verify(found.destination, found.shipment, found.text)
    finally:
        cloud.clock.set_offset(timedelta())
    assert verdict.found is Found.CURRENT


async def test_before_anything_was_told_the_receiver_holds_nothing(cloud: Cloud) -> None:
    found = await scene(cloud, "untold")
    assert (await found.integration.verify(found.destination, found.shipment, found.text)).found is Found.ABSENT
