"""Graph's owners of applications and service principals (platform.md A5)."""

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, no_content, not_found
from sandbox.entra.applications import owned_application, seen_application
from sandbox.entra.directory import Directory
from sandbox.entra.objects import Entry
from sandbox.entra.principals import seen_principal
from sandbox.entra.queries import parse_query
from sandbox.entra.rendering import OWNER_PROPERTIES, people
from sandbox.entra.rights import READ_APPLICATIONS, READ_DIRECTORY, WRITE_APPLICATIONS, denied, need


def application_owners(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = seen_application(directory, request)
    return _owners(directory, request, entry)


def principal_owners(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = seen_principal(directory, request)
    return _owners(directory, request, entry)


def _owners(directory: Directory, request: GraphRequest, entry: Entry) -> Answer:
    need(request.caller, READ_APPLICATIONS)
    query = parse_query(request, known=OWNER_PROPERTIES)
    context = f"{request.base}/{request.version}/$metadata#directoryObjects"
    return answer(200, {"@odata.context": context, "value": people(directory, entry.owners, select=query.select)})


def add_owner(directory: Directory, request: GraphRequest) -> Answer:
    """Add one; needs the right to all applications and to read the directory: OwnedBy is not enough."""
    entry, _ = owned_application(directory, request)
    if not request.caller.roles & WRITE_APPLICATIONS or not request.caller.roles & READ_DIRECTORY:
        raise denied()
    owner = str(request.members().get("@odata.id", "")).rsplit("/", maxsplit=1)[-1]
    if directory.anybody(owner) is None:
        raise not_found(owner)
    if owner in entry.owners:
        raise GraphError(
            400,
            "Request_BadRequest",
            "One or more added object references already exist for the following modified properties: 'owners'.",
        )
    directory.guard(entry)
    entry.owners.append(owner)
    entry.rendered = {}
    directory.note(entry, by=request.caller.app_id, what="add owner")
    return no_content()


def remove_owner(directory: Directory, request: GraphRequest) -> Answer:
    entry, _ = owned_application(directory, request)
    owner = request.arguments["owner"]
    if owner not in entry.owners:
        raise not_found(owner)
    directory.guard(entry)
    entry.owners.remove(owner)
    entry.rendered = {}
    directory.note(entry, by=request.caller.app_id, what="remove owner")
    return no_content()
