"""Graph's report of credential use (beta, global cloud; protocol.md, Usage sources)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from urllib.parse import urlencode

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import reading
from rotation.adapters.graph.pages import Collection, Item, pages
from rotation.adapters.graph.wire import WireUsage, validated
from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId
from rotation.domain.use import Sighting
from rotation.ports.usage import Look

READ_REPORTS = "AuditLog.Read.All"


class GraphUsageReport:
    """Last use of each key id, in all flows; hours late, without address, and silent about earlier uses."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    @property
    def name(self) -> str:
        return "graph-report"

    def sees(self, application: Application) -> bool:  # noqa: ARG002  # the port's question; this source sees all flows
        return True

    async def sightings(self, look: Look) -> AsyncIterator[Sighting]:
        what = "read the credential report"
        asked = f"?{urlencode({'$filter': f"appId eq '{look.client_id}'"})}" if look.client_id else ""
        url = self._client.address(f"/reports/appCredentialSignInActivities{asked}", version="beta")
        collection = Collection(url=url, what=what, translate=reading(what, READ_REPORTS))
        async with aclosing(pages(self._client, collection)) as found:
            async for items in found:
                for sighting in _sightings(items, what):
                    yield sighting


def _sightings(items: Sequence[Item], what: str) -> Sequence[Sighting]:
    lines = [validated(WireUsage, item, what) for item in items if item.get("keyId")]
    return [sighting for line in lines if (sighting := _sighting(line)) is not None]


def _sighting(line: WireUsage) -> Sighting | None:
    used = line.sign_in_activity and line.sign_in_activity.last_sign_in_date_time
    if not used:
        return None
    return Sighting(
        client_id=ClientId(line.app_id), key_id=KeyId(line.key_id), last_used_at=used, origin=line.resource_id or ""
    )
