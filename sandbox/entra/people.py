"""Graph's users, groups, organization and mail: as much as reminders and sign-in pages need."""

from typing import Any

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, not_found
from sandbox.entra.directory import Directory
from sandbox.entra.listing import list_page
from sandbox.entra.mails import from_json, from_mime
from sandbox.entra.objects import Document
from sandbox.entra.queries import parse_query
from sandbox.entra.rendering import USER_PROPERTIES, person
from sandbox.entra.rights import READ_GROUPS, READ_ORGANIZATION, READ_USERS, SEND_MAIL, need

_GROUP_PROPERTIES = frozenset({"id", "displayName", "mail", "description", "securityEnabled"})


def find_user(directory: Directory, name: str) -> Document:
    """Give a user by object id or user principal name, or raise 404."""
    entry = directory.users.find(name)
    if entry is not None and entry.document is not None:
        return entry.document
    for other in directory.users:
        if str(other.current.get("userPrincipalName", "")).lower() == name.lower():
            return other.current
    raise not_found(name)


def list_users(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_USERS)
    return list_page(directory, request, known=USER_PROPERTIES)


def get_user(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_USERS)
    query = parse_query(request, known=USER_PROPERTIES)
    document = find_user(directory, request.arguments["id"])
    chosen = document if query.select is None else {name: document.get(name) for name in query.select}
    context = f"{request.base}/{request.version}/$metadata#users/$entity"
    return answer(200, {"@odata.context": context, **chosen})


def list_groups(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_GROUPS)
    return list_page(directory, request, known=_GROUP_PROPERTIES)


def _group(directory: Directory, request: GraphRequest) -> tuple[Document, list[str]]:
    need(request.caller, READ_GROUPS)
    entry = directory.groups.find(request.arguments["id"])
    if entry is None or entry.document is None:
        raise not_found(request.arguments["id"])
    return entry.document, directory.members.get(entry.id, [])


def get_group(directory: Directory, request: GraphRequest) -> Answer:
    document, _ = _group(directory, request)
    context = f"{request.base}/{request.version}/$metadata#groups/$entity"
    return answer(200, {"@odata.context": context, **document})


def group_members(directory: Directory, request: GraphRequest) -> Answer:
    _, members = _group(directory, request)
    found = [known for m in members if (known := directory.anybody(m)) is not None]
    context = f"{request.base}/{request.version}/$metadata#directoryObjects"
    body: dict[str, Any] = {"@odata.context": context}
    if request.query.get("$count") == "true" and request.eventual:
        body["@odata.count"] = len(found)
    return answer(200, {**body, "value": [person(kind, d, select=None) for kind, d in found]})


def count_members(directory: Directory, request: GraphRequest) -> Answer:
    _, members = _group(directory, request)
    if not request.eventual:
        raise GraphError(400, "Request_BadRequest", "$count needs ConsistencyLevel: eventual.")
    return Answer(status=200, body=str(len(members)).encode(), headers={"content-type": "text/plain"})


def organization(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_ORGANIZATION)
    tenant = {
        "id": directory.tenant_id,
        "displayName": directory.display_name,
        "tenantType": "AAD",
        "verifiedDomains": [
            {
                "name": directory.default_domain,
                "isDefault": True,
                "isInitial": True,
                "type": "Managed",
                "capabilities": "Email",
            }
        ],
    }
    context = f"{request.base}/{request.version}/$metadata#organization"
    return answer(200, {"@odata.context": context, "value": [tenant]})


def send_mail(directory: Directory, request: GraphRequest) -> Answer:
    """Accept a mail, as JSON or as MIME: 202 with no body. It is kept for tests and people to read (platform.md F)."""
    need(request.caller, SEND_MAIL)
    sender = find_user(directory, request.arguments["id"])
    message = from_mime(request.body) if isinstance(request.body, str) else from_json(request.members())
    mail = {"at": directory.clock.now().isoformat(), "from": sender.get("mail"), "by": request.caller.app_id}
    directory.truth.mails.append({**mail, "message": message})
    return Answer(status=202)
