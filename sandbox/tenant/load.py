"""
Fill the sandbox's Entra with a tenant, whole or not at all.

What is loaded was there long ago: every replica knows it, sign-in included. It
joins what Entra holds already; Entra keeps its own tenant id, so that tokens
and addresses stay valid.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sandbox.entra.directory import Directory
from sandbox.entra.loading import load_applications
from sandbox.entra.objects import Collection, Entry
from sandbox.tenant.model import Json, Policies, Rows, Tenant
from sandbox.tenant.refusal import NotATenant


class HoldsDirectory(Protocol):
    """What is needed of `sandbox.entra.service.Entra`, whose `load_tenant` ends here."""

    @property
    def directory(self) -> Directory: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """How much was added; *known_secrets* are those that can sign in."""

    applications: int
    service_principals: int
    users: int
    groups: int
    known_secrets: int


def load_into(entra: HoldsDirectory, tenant: Tenant) -> Loaded:
    """
    Add everything of *tenant* to *entra*, or nothing.

    Raises:
        NotATenant: An id is there already, or owners and policies name nobody.
    """
    directory = entra.directory
    with directory.lock, _collector_at_rest():
        made = _made(tenant, home=directory.tenant_id)
        loaded = _measured(tenant, made)
        _refuse(directory, made, tenant)
        _add_people(directory, tenant)
        _add_rows(directory, made)
        _add_policies(directory, tenant.policies)
    return loaded


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Hold off the garbage collector: it would walk through a million live dicts again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _measured(tenant: Tenant, made: Rows) -> Loaded:
    credentials = [each for one in made.applications for each in one.get("passwordCredentials") or []]
    return Loaded(
        applications=sum(1 for _ in made.applications),
        service_principals=sum(1 for _ in made.service_principals),
        users=len(tenant.users),
        groups=len(tenant.groups),
        known_secrets=sum(bool(each.get("secretText")) for each in credentials),
    )


def _made(tenant: Tenant, *, home: str) -> Rows:
    """Walk through all rows once, and bring service principals into the tenant *home*."""
    principals = list(tenant.service_principals())
    for principal in principals:
        principal.setdefault("servicePrincipalType", "Application")
        if principal.get("appOwnerOrganizationId") == tenant.tenant_id:
            principal["appOwnerOrganizationId"] = home
        principal["passwordCredentials"] = [
            {**each, "secretText": None} for each in principal.get("passwordCredentials") or []
        ]
    return Rows(
        applications=list(tenant.applications()),
        service_principals=principals,
        owners=list(tenant.owners()),
        federated=list(tenant.federated_credentials()),
    )


def _add_people(directory: Directory, tenant: Tenant) -> None:
    directory.display_name, directory.default_domain = tenant.display_name, tenant.default_domain
    for user in tenant.users:
        directory.users.add(dict(user), known_everywhere=True)
    for group in tenant.groups:
        directory.groups.add(dict(group), known_everywhere=True)
    for group_id, members in tenant.group_members.items():
        directory.members.setdefault(group_id, []).extend(members)
    directory.people_version += 1


def _add_rows(directory: Directory, made: Rows) -> None:
    load_applications(directory, made.applications, texts={})
    for principal in made.service_principals:
        directory.principals.add(principal, known_everywhere=True)
    for object_id, owners in made.owners:
        _entry(directory, object_id).owners.extend(owners)
    for object_id, federated in made.federated:
        _entry(directory, object_id).federated.extend(federated)


def _add_policies(directory: Directory, policies: Policies) -> None:
    if policies.default is not None:
        directory.policies.default = {**directory.policies.default, **policies.default}
    for found in policies.assigned:
        directory.policies.assigned[found.policy["id"]] = dict(found.policy)
        for object_id in found.applications:
            _entry(directory, object_id).policies.append(found.policy["id"])


def _entry(directory: Directory, object_id: str) -> Entry:
    """Give an application that `_refuse` has seen in this tenant."""
    found = directory.applications.find(object_id)
    if found is None:
        raise LookupError(object_id)
    return found


def _refuse(directory: Directory, made: Rows, tenant: Tenant) -> None:
    problems = [
        *_clashes("applications", made.applications, directory.applications),
        *_clashes("servicePrincipals", made.service_principals, directory.principals),
        *_clashes("users", tenant.users, directory.users),
        *_clashes("groups", tenant.groups, directory.groups),
        *_unknown(made, tenant),
    ]
    if problems:
        remedy = "load each tenant once, into an Entra that does not hold it yet; restart the sandbox to begin anew."
        raise NotATenant("The tenant", problems, remedy=remedy)


def _clashes(name: str, things: Iterable[Json], there: Collection) -> Iterator[str]:
    ids: set[str] = set()
    for number, thing in enumerate(things):
        if there.find(thing["id"]) or thing["id"].lower() in ids:
            yield f"{name}[{number}].id: {thing['id']} is there already"
        if "appId" in thing and there.find_by_app_id(thing["appId"]):
            yield f"{name}[{number}].appId: {thing['appId']} is there already"
        ids.add(thing["id"].lower())


def _unknown(made: Rows, tenant: Tenant) -> Iterator[str]:
    applications = {each["id"] for each in made.applications}
    named = {
        "owners": [object_id for object_id, _ in made.owners],
        "federatedCredentials": [object_id for object_id, _ in made.federated],
        "policies.assigned": [each for found in tenant.policies.assigned for each in found.applications],
    }
    for name, object_ids in named.items():
        yield from (
            f"{name}: {each} is no application of this tenant" for each in object_ids if each not in applications
        )
