"""Name the Graph roles that an application holds (protocol.md, Enrolment: tier 0)."""

from contextlib import aclosing

from rotation.adapters.graph.applications import READ
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import reading
from rotation.adapters.graph.pages import PAGE_SIZE, Collection, pages
from rotation.adapters.graph.wire import WireAssignment, WirePrincipal, validated
from rotation.domain.errors import ApplicationGone
from rotation.domain.identifiers import ClientId

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
WHAT = "read role assignments"


async def directory_roles(client: GraphClient, client_id: ClientId) -> tuple[str, ...]:
    """Name its roles; one that Graph does not name is told by its id. Empty without a service principal."""
    try:
        own = await _principal(client, f"/servicePrincipals(appId='{client_id}')?$select=id")
    except ApplicationGone:
        return ()
    graph = await _principal(client, f"/servicePrincipals(appId='{GRAPH_APP_ID}')?$select=id,appRoles")
    names = {role.id: role.value or role.id for role in graph.app_roles}
    held = [one.app_role_id for one in await _assignments(client, own) if one.resource_id == graph.id]
    return tuple(sorted(names.get(role, role) for role in held))


async def principal_id(client: GraphClient, client_id: ClientId) -> str | None:
    """Give the object id of its service principal; None without one."""
    try:
        return (await _principal(client, f"/servicePrincipals(appId='{client_id}')?$select=id")).id
    except ApplicationGone:
        return None


async def _principal(client: GraphClient, path: str) -> WirePrincipal:
    raw = await client.get(client.address(path), reading("read a service principal", READ))
    return validated(WirePrincipal, raw, "read a service principal")


async def _assignments(client: GraphClient, principal: WirePrincipal) -> list[WireAssignment]:
    url = client.address(f"/servicePrincipals/{principal.id}/appRoleAssignments?$top={PAGE_SIZE}")
    collection = Collection(url=url, what=WHAT, translate=reading(WHAT, READ))
    async with aclosing(pages(client, collection)) as found:
        return [validated(WireAssignment, item, WHAT) async for items in found for item in items]
