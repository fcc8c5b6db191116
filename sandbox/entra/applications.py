"""Graph's applications: list, get, create, change, delete, restore, federated credentials."""

import uuid
from typing import Any

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, no_content, not_found
from sandbox.entra.directory import Directory
from sandbox.entra.documents import APPLICATION_DEFAULTS, merge
from sandbox.entra.listing import count_all, list_page
from sandbox.entra.objects import Document, Entry
from sandbox.entra.queries import parse_query
from sandbox.entra.rendering import APPLICATION_PROPERTIES, shape
from sandbox.entra.rights import READ_APPLICATIONS, WRITE_APPLICATIONS, denied, may_write, need

_READ_ONLY = frozenset({"id", "appId", "createdDateTime", "publisherDomain", "deletedDateTime"})


def seen_application(directory: Directory, request: GraphRequest) -> tuple[Entry, Document]:
    """Give the application that the path names by object id or appId, or raise 404."""
    if "app_id" in request.arguments:
        return directory.application_by_app_id(request.arguments["app_id"], request.replica)
    return directory.application(request.arguments["id"], request.replica)


def owned_application(directory: Directory, request: GraphRequest) -> tuple[Entry, Document]:
    """Give an application that the caller may write, or raise 404 or 403."""
    entry, document = seen_application(directory, request)
    if entry.document is None:
        raise not_found(entry.id)
    may_write(request.caller, entry)
    return entry, document


def list_applications(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    return list_page(directory, request, known=APPLICATION_PROPERTIES)


def count_applications(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    return count_all(directory, request, known=APPLICATION_PROPERTIES)


def get_application(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    entry, document = seen_application(directory, request)
    query = parse_query(request, known=APPLICATION_PROPERTIES)
    keys = query.select is not None and "keyCredentials" in query.select
    context = f"{request.base}/{request.version}/$metadata#applications/$entity"
    return answer(200, {"@odata.context": context, **shape(directory, entry, document, query=query, keys=keys)})


def create_application(directory: Directory, request: GraphRequest) -> Answer:
    """Create one; a caller with OwnedBy becomes its owner."""
    need(request.caller, WRITE_APPLICATIONS | {"Application.ReadWrite.OwnedBy"})
    given = request.members()
    if not given.get("displayName"):
        raise GraphError(
            400, "Request_BadRequest", "A value is required for property 'displayName' of resource 'Application'."
        )
    if given.get("passwordCredentials"):
        raise _no_password_patch()
    allowed = {name: value for name, value in given.items() if name not in _READ_ONLY}
    allowed["createdByAppId"] = request.caller.app_id
    entry = directory.add_application(allowed, known_everywhere=False)
    if not request.caller.roles & WRITE_APPLICATIONS:
        entry.owners.append(request.caller.object_id)
    directory.note(entry, by=request.caller.app_id, what="create")
    context = f"{request.base}/{request.version}/$metadata#applications/$entity"
    return answer(201, {"@odata.context": context, **APPLICATION_DEFAULTS, **entry.current})


def change_application(directory: Directory, request: GraphRequest) -> Answer:
    """Merge nested objects, replace collections; key credentials may be named again by their keyId alone."""
    entry, _ = owned_application(directory, request)
    change = request.members()
    if "passwordCredentials" in change and change["passwordCredentials"] != entry.current["passwordCredentials"]:
        raise _no_password_patch()
    if forbidden := _READ_ONLY & set(change):
        raise GraphError(400, "Request_BadRequest", f"Property '{min(forbidden)}' is read-only and cannot be set.")
    document = merge({**APPLICATION_DEFAULTS, **entry.current}, change)
    if "keyCredentials" in change:
        document["keyCredentials"] = _keys(entry, change["keyCredentials"])
    directory.write(entry, document, by=request.caller.app_id, what="patch")
    return no_content()


def _no_password_patch() -> GraphError:
    return GraphError(400, "Request_BadRequest", "New password credentials must be generated with service actions.")


def _keys(entry: Entry, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    old = {c["keyId"]: c for c in entry.current["keyCredentials"]}
    kept = []
    for key in given:
        clean = {name: value for name, value in key.items() if "@odata." not in name}
        clean.setdefault("keyId", str(uuid.uuid4()))
        if clean.get("key") is None and clean["keyId"] not in old:
            raise GraphError(400, "KeyCredentialsInvalid", "Update to existing credential with KeyId is not allowed.")
        known = old.get(clean["keyId"], {})
        new = {**clean, "key": "".join(clean["key"].split())} if clean.get("key") else {}
        kept.append({"customKeyIdentifier": None, "displayName": None, **clean, **known, **new})
    return kept


def delete_application(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = owned_application(directory, request)
    directory.delete_application(entry, by=request.caller.app_id)
    return no_content()


def list_deleted(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    context = f"{request.base}/{request.version}/$metadata#applications"
    return answer(200, {"@odata.context": context, "value": [d for _, d in directory.deleted.values()]})


def get_deleted(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    _, document = _deleted(directory, request)
    context = f"{request.base}/{request.version}/$metadata#directoryObjects/$entity"
    return answer(200, {"@odata.context": context, "@odata.type": "#microsoft.graph.application", **document})


def restore_deleted(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = _deleted(directory, request)
    may_write(request.caller, entry)
    directory.restore_application(entry.id)
    return answer(200, {"@odata.type": "#microsoft.graph.application", **entry.current})


def purge_deleted(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = _deleted(directory, request)
    may_write(request.caller, entry)
    del directory.deleted[entry.id]
    return no_content()


def _deleted(directory: Directory, request: GraphRequest) -> tuple[Entry, Document]:
    found = directory.deleted.get(request.arguments["id"].lower())
    if found is None:
        raise not_found(request.arguments["id"])
    return found


def list_federated(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    entry, _ = seen_application(directory, request)
    context = f"{request.base}/{request.version}/$metadata#applications('{entry.id}')/federatedIdentityCredentials"
    return answer(200, {"@odata.context": context, "value": entry.federated})


def add_federated(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = owned_application(directory, request)
    given = request.members()
    if any(f["name"] == given.get("name") for f in entry.federated):
        message = f"FederatedIdentityCredential with name {given.get('name')} already exists."
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
    made = {"id": str(uuid.uuid4()), "description": None, **given}
    directory.guard(entry)
    entry.federated.append(made)
    return answer(201, made)


def refuse_unknown(_directory: Directory, request: GraphRequest) -> Answer:
    """Say 403 instead of 404 to a caller that may read nothing at all."""
    if not request.caller.roles:
        raise denied()
    raise GraphError(400, "BadRequest", f"Resource not found for the segment '{request.path.strip('/')}'.")
