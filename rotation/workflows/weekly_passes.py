"""Certificates of applications, and what sits on service principals: monitored, never rotated."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from rotation.ledger.expiries import Expiry, ExpiryChanges, counts, in_horizon
from rotation.ports.directory import PassItem
from rotation.workflows.services import Services


async def read_certificates(services: Services) -> Mapping[str, int]:
    """Read every application's certificates into a snapshot and `expiries`."""
    kinds = frozenset({"certificate"})
    return await _pass(services, "certificates", services.directory.certificates(), kinds=kinds)


async def read_service_principals(services: Services) -> Mapping[str, int]:
    """Read SAML signing certificates and client secrets of service principals into a snapshot and `expiries`."""
    kinds = frozenset({"saml-certificate", "service-principal-secret"})
    return await _pass(services, "service-principals", services.directory.service_principals(), kinds=kinds)


async def _pass(
    services: Services, name: str, pages: AsyncIterator[Sequence[PassItem]], *, kinds: frozenset[str]
) -> Mapping[str, int]:
    configuration = await services.configurations.current()
    horizon = configuration.longest_rung + timedelta(days=60)
    expiries = await ExpiryChanges.begin(services.tables, kinds)
    found = 0
    async with services.snapshots.write(name) as snapshot:
        async for page in pages:
            for item in page:
                found += len(item.credentials)
                await snapshot.add(_told(item))
                await _expiries(services, item, expiries, horizon=horizon)
        size = await snapshot.complete()
    await expiries.finish(complete=True)
    prefix = name.replace("-", "_")
    changed = {f"{prefix}_{what}": number for what, number in counts(expiries).items()}
    return {f"{prefix}_credentials": found, f"{prefix}_bytes": size, **changed}


async def _expiries(services: Services, item: PassItem, expiries: ExpiryChanges, *, horizon: timedelta) -> None:
    configuration = await services.configurations.current()
    now = services.clock.now()
    for credential in item.credentials:
        if in_horizon(credential.end_at, now, horizon):
            await expiries.want(
                Expiry(
                    object_id=item.object_id,
                    client_id=item.client_id,
                    key_id=credential.key_id,
                    application=item.display_name,
                    kind=item.kind,
                    end_at=credential.end_at,
                    credential_name=credential.display_name or "",
                    audience=configuration.fallback_audience or "",
                    status="monitored",
                )
            )


def _told(item: PassItem) -> bytes:
    credentials = [
        {"keyId": credential.key_id, "name": credential.display_name, "end": credential.end_at.isoformat()}
        for credential in item.credentials
    ]
    told = {
        "id": item.object_id,
        "appId": item.client_id,
        "name": item.display_name,
        "kind": item.kind,
        "credentials": credentials,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
