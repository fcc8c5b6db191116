"""Certificates of applications, what sits on service principals, and who owns what: monitored, never rotated."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta

from rotation.domain.credential import Credential
from rotation.domain.policy import Mode
from rotation.ledger.expiries import Expiry, ExpiryChanges, counts, in_horizon
from rotation.ports.directory import Owned, Owner, PassItem
from rotation.workflows.inventory import OWNERS, OwnersLine, text_of
from rotation.workflows.known_applications import KnownApplications
from rotation.workflows.services import Services


async def read_certificates(services: Services) -> Mapping[str, int]:
    """Read every application's certificates into a snapshot and `expiries`."""
    kinds = frozenset({"certificate"})
    return await _pass(services, "certificates", services.directory.certificates(), kinds=kinds)


async def read_service_principals(services: Services) -> Mapping[str, int]:
    """Read SAML signing certificates and client secrets of service principals into a snapshot and `expiries`."""
    kinds = frozenset({"saml-certificate", "service-principal-secret"})
    return await _pass(services, "service-principals", services.directory.service_principals(), kinds=kinds)


async def read_owners(services: Services) -> Mapping[str, int]:
    """Read who owns each application into a file of its own, for the inventory."""
    applications = nobodys = 0
    async with services.snapshots.write(OWNERS, at=services.clock.now()) as snapshot:
        async for page in services.directory.owned():
            applications += len(page)
            nobodys += sum(1 for each in page if not each.owners)
            await snapshot.add(text_of([_owners_line(each) for each in page]))
        size = await snapshot.complete()
    return {"owners_applications": applications, "owners_nobodys": nobodys, "owners_bytes": size}


def _owners_line(owned: Owned) -> OwnersLine:
    return OwnersLine(object_id=owned.object_id, owners=[owner_name(owner) for owner in owned.owners])


def owner_name(owner: Owner) -> str:
    """Name an owner as lists show it."""
    if owner.kind != "user":
        return f"{owner.display_name} (application)"
    return f"{owner.display_name} <{owner.mail}>" if owner.mail else owner.display_name


async def _pass(
    services: Services, name: str, pages: AsyncIterator[Sequence[PassItem]], *, kinds: frozenset[str]
) -> Mapping[str, int]:
    known = await KnownApplications.read(services)
    expiries = await ExpiryChanges.begin(services.tables, kinds, now=services.clock.now())
    found = 0
    async with services.snapshots.write(name, at=services.clock.now()) as snapshot:
        async for page in pages:
            for item in page:
                found += len(item.credentials)
                await snapshot.add(_told(item))
                await _expiries(services, item, expiries, known=known)
        size = await snapshot.complete()
    await expiries.finish(complete=True)
    prefix = name.replace("-", "_")
    changed = {f"{prefix}_{what}": number for what, number in counts(expiries).items()}
    return {f"{prefix}_credentials": found, f"{prefix}_bytes": size, **changed}


async def _expiries(services: Services, item: PassItem, expiries: ExpiryChanges, *, known: KnownApplications) -> None:
    now, horizon = services.clock.now(), known.configuration.longest_rung + timedelta(days=60)
    ending = [credential for credential in item.credentials if in_horizon(credential.end_at, now, horizon)]
    for expiry in _ending(item, ending, known) if ending else ():
        await expiries.want(expiry)


def _ending(item: PassItem, ending: Sequence[Credential], known: KnownApplications) -> Iterator[Expiry]:
    """Make the rows of what ends soon; they follow the policy of their application."""
    registration, policy = known.find(item)
    for credential in ending:
        yield Expiry(
            object_id=item.object_id,
            client_id=item.client_id,
            key_id=credential.key_id,
            application=item.display_name,
            kind=item.kind,
            end_at=credential.end_at,
            credential_name=credential.display_name or "",
            policy=policy.name if policy else "",
            audience=(policy.audience if policy else None) or known.configuration.fallback_audience or "",
            status="ignored" if policy and policy.mode is Mode.IGNORE else "monitored",
            registered_as=registration or "",
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
