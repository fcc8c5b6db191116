"""Web apps of the sandbox, by the real kind, with tokens of the sandbox's own sign-in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.domain.delivery import Found
from rotation.domain.identifiers import DestinationName, SecretVersion, TenantId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices
from sandbox.cloud import Cloud
from tests.contract.harness_app_service import GROUP, OTHERS
from tests.contract.harness_base import CANARY, HOME, no_token, shipment
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory
from tests.fakes.vault import MemoryVault, MemoryVaults

pytestmark = pytest.mark.sandbox
SITE = f"{GROUP}/sandbox-app"


@pytest.fixture
async def services(cloud: Cloud) -> AsyncIterator[IntegrationServices]:
    clock = MovableClock()
    async with ClientSecretCredential(cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"]) as credential:

        async def token(scope: str) -> SecretText:
            return SecretText((await credential.get_token(scope)).token)

        yield IntegrationServices(
            vaults=MemoryVaults(MemoryVault(HOME, clock), clock=clock),
            home_vault=HOME,
            open_client=lambda: httpx.AsyncClient(verify=True),
            clock=clock,
            tenant_id=TenantId(cloud.tenant_id),
            directory=MemoryDirectory(clock),
            token=token,
            token_as=no_token,
            **clouds.of_sandbox(cloud.urls),
        )


def destination(**settings: object) -> Destination:
    named = {"site": SITE, "setting": "ENTRA_CLIENT_SECRET", **settings}
    return Destination(name=DestinationName("app"), kind="app-service", settings=named, fingerprint="")


async def test_a_setting_of_a_sandboxs_app(cloud: Cloud, services: IntegrationServices) -> None:
    site = cloud.sites.add(SITE, OTHERS)
    there = destination(mode="setting", create=True)
    kind, shipped = Catalogue(services).of(there), shipment(now=cloud.clock.now())
    await kind.deliver(there, shipped, CANARY)
    assert (await kind.verify(there, shipped, CANARY)).found is Found.CURRENT
    assert site.settings == {**OTHERS, "ENTRA_CLIENT_SECRET": CANARY.reveal()}


async def test_a_reference_follows_the_sandboxs_vault(cloud: Cloud, services: IntegrationServices) -> None:
    vault = cloud.vaults["vault"]
    vault.seed("app-secret", "one")
    reference = f"@Microsoft.KeyVault(SecretUri={cloud.urls['vault']}/secrets/app-secret/)"
    cloud.sites.add(SITE, {"ENTRA_CLIENT_SECRET": reference})
    version = SecretVersion(vault.seed("app-secret", "two").id)
    there = destination()
    shipped = shipment(now=cloud.clock.now())
    shipped = replace(shipped, vault_url=cloud.urls["vault"], secret_name="app-secret", version=version)
    kind = Catalogue(services).of(there)
    assert (await kind.verify(there, shipped, SecretText("two"))).found is Found.OLDER
    await kind.deliver(there, shipped, SecretText("two"))
    assert (await kind.verify(there, shipped, SecretText("two"))).found is Found.CURRENT


async def test_who_has_no_token_is_refused(cloud: Cloud) -> None:
    cloud.sites.add(SITE, OTHERS)
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{cloud.urls['arm']}{SITE}/config/appsettings/list?api-version=2022-03-01")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
