"""Read applications and what bears certificates: all of them, or one."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import reading
from rotation.adapters.graph.listing import SELECT_LISTED, read_listing
from rotation.adapters.graph.pages import PAGE_SIZE, Collection, Item, pages, read_pages
from rotation.adapters.graph.wire import WireApplication, WireHolder, WireOwned, validated
from rotation.domain.credential import Application
from rotation.domain.errors import ApplicationGone
from rotation.domain.identifiers import ClientId, ObjectId
from rotation.ports.directory import Owned, Page, PassItem

READ = "Application.Read.All"
SELECT = (
    "id,appId,displayName,passwordCredentials,signInAudience,isDisabled,tags,createdByAppId,web,spa,publicClient,api"
)
SELECT_OWNERS = "$select=id,displayName,mail,userPrincipalName"
SELECT_HOLDER = "id,appId,displayName,keyCredentials"
CERTIFICATE_PACE = timedelta(seconds=0.5)
"""keyCredentials in a list have a quota of their own, 150 requests a minute a tenant (platform.md A1)."""


async def all_applications(client: GraphClient) -> AsyncIterator[Page]:
    """Read every application; a malformed one is told by id or place, and the others pass."""
    url = client.address(f"/applications?$select={SELECT_LISTED}&$top={PAGE_SIZE}")
    what = "read applications"
    collection = Collection(url=url, what=what, translate=reading(what, READ))
    async with aclosing(read_pages(client, collection, read_listing)) as found:
        async for page in found:
            yield page


async def application(client: GraphClient, object_id: ObjectId) -> Application:
    """Read one by its object id."""
    return await _one(client, f"/applications/{object_id}?$select={SELECT}", application=object_id)


async def by_client_id(client: GraphClient, client_id: ClientId) -> Application:
    """Read one by its appId."""
    return await _one(client, f"/applications(appId='{client_id}')?$select={SELECT}", client_id=client_id)


async def is_deleted(client: GraphClient, object_id: ObjectId) -> bool:
    """Look into the deleted items, which keep an application for 30 days."""
    translate = reading("look into the deleted items", READ, application=object_id)
    try:
        await client.get(client.address(f"/directory/deletedItems/{object_id}?$select=id"), translate)
    except ApplicationGone:
        return False
    return True


async def certificates(client: GraphClient) -> AsyncIterator[Sequence[PassItem]]:
    """Read every application's certificates, at most two requests a second."""
    path = f"/applications?$select={SELECT_HOLDER}&$top={PAGE_SIZE}"
    async with aclosing(_holders(client, path)) as found:
        async for holders in found:
            yield [one.item("certificate", one.key_credentials) for one in holders if one.key_credentials]


async def owned(client: GraphClient) -> AsyncIterator[Sequence[Owned]]:
    """Read who owns each application."""
    what = "read owners"
    url = client.address(f"/applications?$select=id&$expand=owners({SELECT_OWNERS})&$top={PAGE_SIZE}")
    collection = Collection(url=url, what=what, translate=reading(what, READ))
    async with aclosing(pages(client, collection)) as found:
        async for items in found:
            yield [validated(WireOwned, item, what).value() for item in items]


async def service_principals(client: GraphClient) -> AsyncIterator[Sequence[PassItem]]:
    """Read what service principals bear themselves."""
    path = f"/servicePrincipals?$select={SELECT_HOLDER},passwordCredentials&$top={PAGE_SIZE}"
    async with aclosing(_holders(client, path)) as found:
        async for holders in found:
            yield [item for one in holders for item in _principal_items(one)]


async def _one(client: GraphClient, path: str, **facts: str) -> Application:
    raw = await client.get(client.address(path), reading("read an application", READ, **facts))
    return validated(WireApplication, raw, "read an application").value()


async def _holders(client: GraphClient, path: str) -> AsyncGenerator[Sequence[WireHolder]]:
    what = "read certificates"
    collection = Collection(url=client.address(path), what=what, translate=reading(what, READ), pace=CERTIFICATE_PACE)
    async with aclosing(pages(client, collection)) as found:
        async for items in found:
            yield _parsed_holders(items, what)


def _parsed_holders(items: Sequence[Item], what: str) -> Sequence[WireHolder]:
    return [validated(WireHolder, item, what) for item in items if _bears(item)]


def _bears(item: Item) -> bool:
    return bool(item.get("keyCredentials") or item.get("passwordCredentials"))


def _principal_items(holder: WireHolder) -> list[PassItem]:
    kinds = {
        "saml-certificate": holder.saml(),
        "certificate": holder.plain_keys(),
        "service-principal-secret": holder.plain_secrets(),
    }
    return [holder.item(kind, credentials) for kind, credentials in kinds.items() if credentials]
