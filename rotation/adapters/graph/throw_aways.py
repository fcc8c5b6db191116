"""Applications of rehearsals in Graph, and their secrets in Key Vault: each deletion looks at the marks first."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from rotation.adapters.graph import applications
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import reading
from rotation.adapters.graph.pages import PAGE_SIZE, Collection, pages
from rotation.adapters.graph.wire import WireApplication, validated
from rotation.adapters.key_vault import KeyVaults
from rotation.domain.credential import Application
from rotation.domain.errors import ApplicationGone, Refused
from rotation.domain.identifiers import ObjectId
from rotation.domain.rehearsal import NAME, Stage
from rotation.ports.throw_aways import ThrowAway

WRITE = "Application.ReadWrite.OwnedBy or Application.ReadWrite.All"


class GraphThrowAways:
    """What rehearsals make. Clients are given and closed by whoever made them."""

    def __init__(self, client: GraphClient, vaults: KeyVaults) -> None:
        self._client, self._vaults = client, vaults

    async def make(self, stage: Stage) -> Application:
        made = await self._post(
            "/applications",
            {"displayName": stage.name, "tags": [stage.tag], "signInAudience": "AzureADMyOrg"},
            "make a rehearsal's application",
        )
        application = validated(WireApplication, made, "make a rehearsal's application").value()
        await self._post("/servicePrincipals", {"appId": application.client_id}, "make its service principal")
        return application

    async def _post(self, path: str, body: dict[str, Any], what: str) -> bytes:
        url = self._client.address(path)
        return await self._client.write("POST", url, reading(what, WRITE), body=json.dumps(body).encode())

    async def find(self) -> Sequence[ThrowAway]:
        what, asked = "look for applications of rehearsals", quote(f"startswith(displayName,'{NAME}')")
        url = self._client.address(f"/applications?$filter={asked}&$select=id,displayName,tags&$top={PAGE_SIZE}")
        collection = Collection(url=url, what=what, translate=reading(what, applications.READ))
        found = []
        async with aclosing(pages(self._client, collection)) as listed:
            async for items in listed:
                for item in items:
                    stage = Stage.read(str(item.get("displayName")), item.get("tags") or ())
                    if stage is not None:
                        found.append(ThrowAway(object_id=ObjectId(str(item["id"])), stage=stage))
        return found

    async def delete(self, throw_away: ThrowAway) -> None:
        object_id = throw_away.object_id
        try:
            seen = await applications.application(self._client, object_id)
        except ApplicationGone:
            seen = None
        if seen is not None:
            if Stage.read(seen.display_name, seen.tags) != throw_away.stage:
                raise Refused(
                    f"application {object_id} does not bear the marks of rehearsal {throw_away.stage.ulid}",
                    reason="not-a-rehearsal",
                    remedy="look at it; what is not a rehearsal's is deleted by a person",
                )
            await self._delete(f"/applications/{object_id}")
        await self._delete(f"/directory/deletedItems/{object_id}")

    async def _delete(self, path: str) -> None:
        try:
            url = self._client.address(path)
            await self._client.write("DELETE", url, reading("delete a rehearsal's application", WRITE))
        except ApplicationGone:
            return

    async def delete_secret(self, vault_url: str, name: str) -> None:
        if not Stage.owns_secret(name):
            raise Refused(f"{name} is no rehearsal's secret", reason="not-a-rehearsal", remedy="leave it alone")
        await self._vaults.delete(vault_url, name)
