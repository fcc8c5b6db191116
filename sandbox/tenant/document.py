"""
A tenant as one JSON document: what `POST /tenant` of the sandbox's control server takes.

Members: `format`, `tenantId`, `displayName`, `defaultDomain`, `users`, `groups`,
`groupMembers` {group: [ids]}, `applications`, `servicePrincipals`, `owners`
{application: [ids]}, `federatedCredentials` {application: [objects]}, `policies`
{default, assigned: [{policy, applications}]}, `remarks`. Objects are Graph's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.tenant.inventory_check import CREDENTIALS, credentials_problems
from sandbox.tenant.model import AssignedPolicy, Copied, Json, Policies, Rows, Tenant
from sandbox.tenant.refusal import NotATenant

FORMAT = "rotation-sandbox-tenant/1"
_TEXTS = ("tenantId", "displayName", "defaultDomain")
_OBJECTS = ("users", "groups", "applications", "servicePrincipals")
_IDS = {"applications": ("id", "appId"), "servicePrincipals": ("id", "appId")}
_MAPS = ("groupMembers", "owners", "federatedCredentials")
_REMEDY = f"send a document of format {FORMAT!r}, as sandbox.tenant.document.to_document writes it."


def to_document(tenant: Tenant) -> Json:
    """Write the whole *tenant* down; lazy collections are made here."""
    return {
        "format": FORMAT,
        "tenantId": tenant.tenant_id,
        "displayName": tenant.display_name,
        "defaultDomain": tenant.default_domain,
        "users": list(tenant.users),
        "groups": list(tenant.groups),
        "groupMembers": {group: list(members) for group, members in tenant.group_members.items()},
        "applications": list(tenant.applications()),
        "servicePrincipals": list(tenant.service_principals()),
        "owners": dict(tenant.owners()),
        "federatedCredentials": dict(tenant.federated_credentials()),
        "policies": {
            "default": tenant.policies.default,
            "assigned": [
                {"policy": found.policy, "applications": list(found.applications)} for found in tenant.policies.assigned
            ],
        },
        "remarks": list(tenant.remarks),
    }


def from_document(document: object) -> Tenant:
    """Read what `to_document` wrote; NotATenant names every problem of another thing."""
    problems = list(_problems(document))
    if problems or not isinstance(document, Mapping):
        raise NotATenant("The tenant document", problems, remedy=_REMEDY)
    return Tenant(
        tenant_id=document["tenantId"],
        display_name=document["displayName"],
        default_domain=document["defaultDomain"],
        users=document.get("users", []),
        groups=document.get("groups", []),
        group_members=document.get("groupMembers", {}),
        policies=_policies(document.get("policies") or {}),
        rows=_rows(document),
        remarks=tuple(document.get("remarks", ())),
    )


def _rows(document: Mapping[str, Any]) -> Rows:
    return Rows(
        applications=Copied(document["applications"]),
        service_principals=Copied(document.get("servicePrincipals", [])),
        owners=list(document.get("owners", {}).items()),
        federated=list(document.get("federatedCredentials", {}).items()),
    )


def _policies(found: Mapping[str, Any]) -> Policies:
    assigned = found.get("assigned", [])
    return Policies(
        default=found.get("default"),
        assigned=tuple(
            AssignedPolicy(policy=each["policy"], applications=tuple(each["applications"])) for each in assigned
        ),
    )


def _problems(document: object) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield f"it is {type(document).__name__}, not an object"
        return
    if document.get("format") != FORMAT:
        yield f"format: {document.get('format')!r} instead of {FORMAT!r}"
    for name in _TEXTS:
        if not isinstance(document.get(name), str):
            yield f"{name}: a text is needed, found {document.get(name)!r}"
    if "applications" not in document:
        yield "applications: is missing"
    for name in _OBJECTS:
        yield from _object_problems(name, document.get(name, []))
    for name in _MAPS:
        found = document.get(name, {})
        if not isinstance(found, Mapping) or not all(isinstance(each, list) for each in found.values()):
            yield f"{name}: an object of lists is needed"
    if not isinstance(document.get("remarks", []), list):
        yield "remarks: a list is needed"
    yield from _policy_problems(document.get("policies") or {})


def _object_problems(name: str, found: object) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{name}: a list is needed, found {type(found).__name__}"
        return
    needed = _IDS.get(name, ("id",))
    for number, each in enumerate(found):
        where = f"{name}[{number}]"
        if not isinstance(each, Mapping) or not all(isinstance(each.get(member), str) for member in needed):
            yield f"{where}: an object with {' and '.join(needed)} is needed"
            continue
        for member in CREDENTIALS:
            yield from credentials_problems(f"{where}.{member}", each.get(member))


def _policy_problems(found: object) -> Iterator[str]:
    if not isinstance(found, Mapping) or not isinstance(found.get("assigned", []), list):
        yield "policies: an object with default and assigned is needed"
        return
    for number, each in enumerate(found.get("assigned", [])):
        if not isinstance(each, Mapping) or not {"policy", "applications"} <= each.keys():
            yield f"policies.assigned[{number}]: policy and applications are needed"
