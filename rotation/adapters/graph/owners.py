"""Read the owners of many applications, twenty a request (platform.md A1)."""

import json
from collections.abc import Sequence
from itertools import batched

from rotation.adapters.graph.applications import READ, SELECT_OWNERS
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import Refusal, reading, refused_by_status
from rotation.adapters.graph.wire import WireBatch, WireOwners, WirePart, validated
from rotation.domain.errors import RotationError, Unavailable
from rotation.domain.identifiers import ObjectId
from rotation.domain.retry_after import retry_after
from rotation.ports.directory import Owner

BATCH = 20
WHAT = "read owners"
OK, NOT_FOUND = 200, 404


async def owners(client: GraphClient, applications: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
    """Read owners; applications that are gone are left out, and one refused part refuses the whole."""
    found: dict[ObjectId, tuple[Owner, ...]] = {}
    for some in batched(applications, BATCH, strict=False):
        found |= await _twenty(client, some)
    return found


async def _twenty(client: GraphClient, some: Sequence[ObjectId]) -> dict[ObjectId, tuple[Owner, ...]]:
    requests = [{"id": one, "method": "GET", "url": f"/applications/{one}/owners?{SELECT_OWNERS}"} for one in some]
    body = json.dumps({"requests": requests}).encode()
    raw = await client.post(client.address("/$batch"), body, reading(WHAT, READ))
    parts = {part.id: part for part in validated(WireBatch, raw, WHAT).responses}
    if missing := set(some) - set(parts):
        raise Unavailable(f"{WHAT}: the batch answered nothing for some", count=len(missing))
    return {one: _of(parts[one]) for one in some if parts[one].status != NOT_FOUND}


def _of(part: WirePart) -> tuple[Owner, ...]:
    if part.status != OK:
        raise _refused(part)
    return tuple(owner.value() for owner in validated(WireOwners, part.body, WHAT).value)


def _refused(part: WirePart) -> RotationError:
    refusal = Refusal(status=part.status, retry_after=retry_after(part.headers.get("Retry-After")))
    return refused_by_status(refusal, WHAT, READ, application=part.id)
