"""Bytes of directory objects, prepared once per shape and kept until the object is written."""

import json
from collections.abc import Sequence
from typing import Any

from sandbox.entra.directory import Directory
from sandbox.entra.documents import APPLICATION_DEFAULTS, PRINCIPAL_DEFAULTS
from sandbox.entra.objects import Document, Entry
from sandbox.entra.queries import Query

EXPANDED_AT_MOST = 20
_IDENTITY = {"id", "appId", "createdDateTime", "displayName"}
APPLICATION_PROPERTIES = frozenset(APPLICATION_DEFAULTS) | _IDENTITY
PRINCIPAL_PROPERTIES = frozenset(PRINCIPAL_DEFAULTS) | _IDENTITY | {
    "appDisplayName",
    "appOwnerOrganizationId",
    "servicePrincipalNames",
    "signInAudience",
    "customSecurityAttributes",
}  # fmt: skip
USER_PROPERTIES = frozenset(
    {
        "id",
        "accountEnabled",
        "businessPhones",
        "department",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "userType",
    }
)
OWNER_PROPERTIES = USER_PROPERTIES | PRINCIPAL_PROPERTIES


def render(directory: Directory, entry: Entry, document: Document, *, query: Query) -> bytes:
    """Give one object of a list as JSON bytes."""
    if document is not entry.document:
        return json.dumps(shape(directory, entry, document, query=query)).encode()
    key = (query.shape, directory.people_version if query.expand_owners else 0)
    made = entry.rendered.get(key)
    if made is None:
        made = json.dumps(shape(directory, entry, document, query=query)).encode()
        entry.rendered[key] = made
    return made


def shape(directory: Directory, entry: Entry, document: Document, *, query: Query, keys: bool = False) -> Document:
    """Give the selected properties; a certificate's bytes only when `keys` (platform.md A1)."""
    selected, defaults = query.select, _defaults(document)
    if selected is None:
        shaped = {**defaults, **document}
    else:
        shaped = {name: document.get(name, defaults.get(name)) for name in selected}
    if not keys and (certificates := shaped.get("keyCredentials")):
        shaped["keyCredentials"] = [{**c, "key": None} for c in certificates]
    if query.expand_owners:
        owners = entry.owners[:EXPANDED_AT_MOST]
        shaped["owners"] = people(directory, owners, select=query.owner_select)
    return shaped


def _defaults(document: Document) -> Document:
    if "servicePrincipalType" in document:
        return PRINCIPAL_DEFAULTS
    return APPLICATION_DEFAULTS if "appId" in document else {}


def people(directory: Directory, ids: Sequence[str], *, select: Sequence[str] | None) -> list[dict[str, Any]]:
    """Give directory objects with their type, those that still exist."""
    found = [known for object_id in ids if (known := directory.anybody(object_id)) is not None]
    return [person(kind, document, select=select) for kind, document in found]


def person(kind: str, document: Document, *, select: Sequence[str] | None) -> dict[str, Any]:
    chosen = document if select is None else {n: document[n] for n in select if n in document}
    return {"@odata.type": f"#microsoft.graph.{kind}", **chosen}
