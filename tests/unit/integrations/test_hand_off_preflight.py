"""What the product's own test would find is found before a person is bothered; over the sandbox's Graph and sign-in."""

import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp.connector
import httpx
import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.directory import GraphDirectory
from rotation.adapters.sign_in import EntraSignIn
from rotation.domain.delivery import Plan, Shipment
from rotation.domain.errors import DestinationRefused
from rotation.domain.identifiers import ClientId, DestinationName, TenantId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices
from rotation.ports.integration import Integration
from sandbox.cloud import Cloud
from tests.contract.harness_base import HOME, no_token, shipment
from tests.fakes import clouds
from tests.fakes.vault import MemoryVaults

pytestmark = pytest.mark.sandbox
ROLES = ("Directory.Read.All", "User.Read.All")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.trust().items():
            patch.setenv(name, value)
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(running.ca_file)
        yield running


@dataclass(slots=True)
class Scene:
    """Arctic Wolf's application in the sandbox, with a new secret and the group that it synchronises."""

    cloud: Cloud
    integration: Integration
    shipment: Shipment
    text: SecretText
    group: str

    async def plan(self, *, group: str = "", text: SecretText | None = None) -> Plan:
        settings = {"preset": "arctic-wolf-ma"} | ({"ad_group_id": group} if group else {})
        to = Destination(name=DestinationName("awareness"), kind="hand-off", settings=settings, fingerprint="")
        return await self.integration.plan(to, self.shipment, text or self.text)

    async def refusal(self, *, group: str = "", text: SecretText | None = None) -> DestinationRefused:
        with pytest.raises(DestinationRefused) as refused:
            await self.plan(group=group, text=text)
        assert self.text.reveal() not in repr(refused.value)
        return refused.value


@pytest.fixture
async def scene(cloud: Cloud) -> AsyncIterator[Scene]:
    application = cloud.entra.add_application({"displayName": "Awareness"})
    client_id = str(application.current["appId"])
    minted = cloud.entra.add_secret(client_id, end=datetime.now(UTC) + timedelta(days=730))
    group = cloud.entra.add_group("Learners", ["a", "b", "c"])
    context = ssl.create_default_context(cafile=cloud.ca_file)
    credential = ClientSecretCredential(
        cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"], connection_verify=cloud.ca_file
    )
    graph = GraphClient(credential, cloud.urls["graph"])
    sign_in = EntraSignIn(cloud.tenant_id, scope=f"{cloud.urls['graph']}/.default", authority=cloud.urls["authority"])
    services = IntegrationServices(
        vaults=MemoryVaults(),
        home_vault=HOME,
        open_client=lambda: httpx.AsyncClient(verify=context, trust_env=False),
        clock=cloud.clock,
        tenant_id=TenantId(cloud.tenant_id),
        directory=GraphDirectory(graph),
        token=no_token,
        token_as=sign_in.token_as,
        **clouds.of_sandbox(cloud.urls),
    )
    to = Destination(
        name=DestinationName("awareness"), kind="hand-off", settings={"preset": "arctic-wolf-ma"}, fingerprint=""
    )
    made = replace(
        shipment(now=datetime.now(UTC)), client_id=ClientId(client_id), tenant_id=cloud.tenant_id, hint=minted["hint"]
    )
    yield Scene(cloud, Catalogue(services).of(to), made, SecretText(minted["secretText"]), group.id)
    await graph.close()
    await credential.close()


async def test_all_is_well(scene: Scene) -> None:
    scene.cloud.entra.grant(scene.shipment.client_id, ROLES)
    plan = await scene.plan(group=scene.group)
    assert plan.hand_off is not None
    assert plan.signed_in
    assert plan.warnings == ("The new secret reads the group 'Learners': 3 members. Compare after synchronising.",)


async def test_missing_permissions_are_named(scene: Scene) -> None:
    scene.cloud.entra.grant(scene.shipment.client_id, ["User.Read.All"])
    refused = await scene.refusal()
    assert refused.reason == "roles-missing"
    assert "Directory.Read.All" in refused.message
    assert "User.Read.All" not in refused.message


async def test_a_group_that_is_not_there_is_found_before_the_portal_says_so(scene: Scene) -> None:
    scene.cloud.entra.grant(scene.shipment.client_id, ROLES)
    refused = await scene.refusal(group="99999999-aaaa-4bbb-8ccc-0123456789ab")
    assert refused.reason == "group-not-readable"


async def test_a_secret_that_does_not_sign_in_bothers_nobody(scene: Scene) -> None:
    scene.cloud.entra.grant(scene.shipment.client_id, ROLES)
    other = SecretText(scene.text.reveal()[:-3] + "xyz")
    refused = await scene.refusal(text=other)
    assert refused.reason == "does-not-sign-in"
    assert "7000215" in refused.message


@pytest.mark.parametrize(
    "value",
    ["0b0c7e8a-1111-4222-8333-123456789abc", "short", "a value with blanks in it, long enough", "Xyz" + "~" * 40],
)
async def test_what_is_no_value_is_told_from_one(scene: Scene, value: str) -> None:
    scene.cloud.entra.grant(scene.shipment.client_id, ROLES)
    refused = await scene.refusal(text=SecretText(value))
    assert refused.reason == "looks-like-an-id"
    assert value not in refused.message
