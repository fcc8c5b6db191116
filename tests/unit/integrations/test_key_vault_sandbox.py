"""The key-vault kind over Microsoft's own SDK and the sandbox's Key Vault."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import aiohttp.connector
import httpx
import pytest
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.key_vault import KeyVaults
from rotation.domain.delivery import Found, Level, Shipment
from rotation.domain.errors import DestinationGone, DestinationRefused, Unavailable
from rotation.domain.identifiers import DestinationName, TenantId
from rotation.domain.policy import Destination
from rotation.integrations.catalogue import Catalogue
from rotation.integrations.services import IntegrationServices
from rotation.ports.integration import Integration
from sandbox.cloud import Cloud
from tests.contract.harness_base import CANARY, HOME, NEWER, no_token, shipment
from tests.fakes import clouds
from tests.fakes.clock import MovableClock
from tests.fakes.directory import MemoryDirectory

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        # aiohttp makes its context when it is imported, before this authority exists.
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(running.ca_file)
        yield running


@pytest.fixture
async def integration(cloud: Cloud) -> AsyncIterator[Integration]:
    credential = ClientSecretCredential(
        cloud.tenant_id, *cloud.app, authority=cloud.urls["authority"], connection_verify=cloud.ca_file
    )
    async with credential, KeyVaults(credential, verify_challenge_resource=False) as vaults:
        services = IntegrationServices(
            vaults=vaults,
            home_vault=HOME,
            open_client=httpx.AsyncClient,
            clock=cloud.clock,
            tenant_id=TenantId(cloud.tenant_id),
            directory=MemoryDirectory(MovableClock()),
            token=no_token,
            token_as=no_token,
            **clouds.of_sandbox(cloud.urls),
        )
        yield Catalogue(services).of(destination(cloud, "any"))


def destination(cloud: Cloud, secret: str) -> Destination:
    settings = {"vault": cloud.urls["vault"], "secret": secret}
    return Destination(name=DestinationName("there"), kind="key-vault", settings=settings, fingerprint="")


def shipped(place: int = 0) -> Shipment:
    return shipment(place, now=datetime.now(UTC))


async def test_delivered_once_read_back_and_never_covered_by_an_older_one(
    cloud: Cloud, integration: Integration
) -> None:
    to = destination(cloud, "once")
    assert (await integration.verify(to, shipped(), CANARY)).found is Found.ABSENT
    first = await integration.deliver(to, shipped(), CANARY)
    second = await integration.deliver(to, shipped(), CANARY)
    assert first.reference == second.reference
    verdict = await integration.verify(to, shipped(), CANARY)
    assert (verdict.found, verdict.level) == (Found.CURRENT, Level.STORED)
    await asyncio.sleep(1)
    await integration.deliver(to, shipped(1), NEWER)
    assert (await integration.verify(to, shipped(1), NEWER)).found is Found.CURRENT
    with pytest.raises(DestinationRefused) as refused:
        await integration.deliver(to, shipped(0), CANARY)
    assert refused.value.reason == "newer-is-there"


async def test_a_secret_of_the_tenant_s_people_is_not_covered(cloud: Cloud, integration: Integration) -> None:
    cloud.vaults["vault"].seed("theirs", "somebody else's")
    with pytest.raises(DestinationRefused, match="adopt"):
        await integration.deliver(destination(cloud, "theirs"), shipped(), CANARY)


async def test_a_soft_deleted_name_is_gone(cloud: Cloud, integration: Integration) -> None:
    cloud.vaults["vault"].seed("deleted", "x")
    cloud.vaults["vault"].delete("deleted")
    with pytest.raises(DestinationGone, match="recover or purge"):
        await integration.deliver(destination(cloud, "deleted"), shipped(), CANARY)


async def test_a_vault_that_does_not_answer_the_look_is_unavailable(cloud: Cloud, integration: Integration) -> None:
    cloud.faults.add(
        {"part": "vault", "match": {"method": "GET"}, "action": "status", "status": 503, "retry_after": 0, "times": 4}
    )
    with pytest.raises(Unavailable):
        await integration.deliver(destination(cloud, "later"), shipped(), CANARY)
    cloud.faults.clear()
