"""Graph's service principals and the roles that are assigned to them."""

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, no_content, not_found
from sandbox.entra.directory import Directory
from sandbox.entra.documents import PRINCIPAL_DEFAULTS, merge
from sandbox.entra.listing import count_all, list_page
from sandbox.entra.objects import Document, Entry
from sandbox.entra.queries import parse_query
from sandbox.entra.rendering import PRINCIPAL_PROPERTIES, shape
from sandbox.entra.rights import ASSIGN_ROLES, READ_APPLICATIONS, WRITE_APPLICATIONS, may_write, need


def seen_principal(directory: Directory, request: GraphRequest) -> tuple[Entry, Document]:
    """Give the service principal that the path names by object id or appId, or raise 404."""
    if "app_id" in request.arguments:
        return directory.principal_by_app_id(request.arguments["app_id"], request.replica)
    return directory.principal(request.arguments["id"], request.replica)


def list_principals(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    return list_page(directory, request, known=PRINCIPAL_PROPERTIES)


def count_principals(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    return count_all(directory, request, known=PRINCIPAL_PROPERTIES)


def get_principal(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    entry, document = seen_principal(directory, request)
    query = parse_query(request, known=PRINCIPAL_PROPERTIES)
    context = f"{request.base}/{request.version}/$metadata#servicePrincipals/$entity"
    return answer(200, {"@odata.context": context, **shape(directory, entry, document, query=query)})


def create_principal(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, WRITE_APPLICATIONS | {"Application.ReadWrite.OwnedBy"})
    given = request.members()
    app_id = str(given.get("appId", ""))
    application = directory.applications.find_by_app_id(app_id)
    if application is None:
        message = f"The appId '{app_id}' of the service principal does not reference a valid application object."
        raise GraphError(400, "Request_BadRequest", message)
    if directory.principals.find_by_app_id(app_id) is not None:
        message = (
            f"The service principal cannot be created because the service principal name {app_id} is already in use."
        )
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", message)
    may_write(request.caller, application)
    entry = directory.add_principal(application.current, given, known_everywhere=False)
    entry.owners.append(request.caller.object_id)
    directory.note(entry, by=request.caller.app_id, what="create")
    context = f"{request.base}/{request.version}/$metadata#servicePrincipals/$entity"
    return answer(201, {"@odata.context": context, **PRINCIPAL_DEFAULTS, **entry.current})


def change_principal(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = seen_principal(directory, request)
    may_write(request.caller, entry)
    directory.write(entry, merge(entry.current, request.members()), by=request.caller.app_id, what="patch")
    return no_content()


def delete_principal(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = seen_principal(directory, request)
    may_write(request.caller, entry)
    directory.principals.replace(entry, None)
    directory.note(entry, by=request.caller.app_id, what="delete")
    return no_content()


def assignments_to(directory: Directory, request: GraphRequest) -> Answer:
    """Answer appRoleAssignments: what this principal was granted."""
    need(request.caller, READ_APPLICATIONS)
    entry, _ = seen_principal(directory, request)
    return answer(200, {"value": [a for a in directory.assignments if a["principalId"] == entry.id]})


def assignments_of(directory: Directory, request: GraphRequest) -> Answer:
    """Answer appRoleAssignedTo: who was granted roles of this resource."""
    need(request.caller, READ_APPLICATIONS)
    entry, _ = seen_principal(directory, request)
    return answer(200, {"value": [a for a in directory.assignments if a["resourceId"] == entry.id]})


def assign_role(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, ASSIGN_ROLES)
    given = request.members()
    principal_id, role_id = str(given.get("principalId", "")), str(given.get("appRoleId", ""))
    resource = directory.principals.find(str(given.get("resourceId", "")))
    if directory.anybody(principal_id) is None or resource is None:
        raise not_found(principal_id)
    if any(a["principalId"] == principal_id and a["appRoleId"] == role_id for a in directory.assignments):
        message = "Permission being assigned already exists on the object"
        raise GraphError(400, "Request_BadRequest", message)
    directory.assign(principal_id, [role_id], resource=resource)
    return answer(201, directory.assignments[-1])


def unassign_role(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, ASSIGN_ROLES)
    kept = [a for a in directory.assignments if a["id"] != request.arguments["assignment"]]
    if len(kept) == len(directory.assignments):
        raise not_found(request.arguments["assignment"])
    directory.assignments = kept
    return no_content()
