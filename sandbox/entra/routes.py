"""Which handler answers which method and path of the sandbox's Graph."""

import re
from collections.abc import Callable
from functools import cache

from sandbox.entra import applications, credentials, owners, people, principals, reports
from sandbox.entra.answers import Answer, GraphError, GraphRequest
from sandbox.entra.directory import Directory

type Handler = Callable[[Directory, GraphRequest], Answer]

_APPLICATION = ("/applications/{id}", "/applications(appId='{app_id}')")
_PRINCIPAL = ("/servicePrincipals/{id}", "/servicePrincipals(appId='{app_id}')")

_TABLE: list[tuple[str, tuple[str, ...], str, Handler]] = [
    ("GET", ("/applications",), "", applications.list_applications),
    ("POST", ("/applications",), "", applications.create_application),
    ("GET", ("/applications",), "/$count", applications.count_applications),
    ("GET", _APPLICATION, "", applications.get_application),
    ("PATCH", _APPLICATION, "", applications.change_application),
    ("DELETE", _APPLICATION, "", applications.delete_application),
    ("POST", _APPLICATION, "/addPassword", credentials.add_password),
    ("POST", _APPLICATION, "/removePassword", credentials.remove_password),
    ("GET", _APPLICATION, "/owners", owners.application_owners),
    ("POST", _APPLICATION, "/owners/$ref", owners.add_owner),
    ("DELETE", _APPLICATION, "/owners/{owner}/$ref", owners.remove_owner),
    ("GET", _APPLICATION, "/federatedIdentityCredentials", applications.list_federated),
    ("POST", _APPLICATION, "/federatedIdentityCredentials", applications.add_federated),
    ("GET", _APPLICATION, "/appManagementPolicies", credentials.policies_of_application),
    ("POST", _APPLICATION, "/appManagementPolicies/$ref", credentials.assign_policy),
    ("GET", ("/policies/defaultAppManagementPolicy",), "", credentials.get_default_policy),
    ("PATCH", ("/policies/defaultAppManagementPolicy",), "", credentials.change_default_policy),
    ("GET", ("/policies/appManagementPolicies",), "", credentials.list_policies),
    ("GET", ("/directory/deletedItems/application",), "", applications.list_deleted),
    ("GET", ("/directory/deletedItems/{id}",), "", applications.get_deleted),
    ("DELETE", ("/directory/deletedItems/{id}",), "", applications.purge_deleted),
    ("POST", ("/directory/deletedItems/{id}",), "/restore", applications.restore_deleted),
    ("GET", ("/servicePrincipals",), "", principals.list_principals),
    ("POST", ("/servicePrincipals",), "", principals.create_principal),
    ("GET", ("/servicePrincipals",), "/$count", principals.count_principals),
    ("GET", _PRINCIPAL, "", principals.get_principal),
    ("PATCH", _PRINCIPAL, "", principals.change_principal),
    ("DELETE", _PRINCIPAL, "", principals.delete_principal),
    ("GET", _PRINCIPAL, "/owners", owners.principal_owners),
    ("GET", _PRINCIPAL, "/appRoleAssignments", principals.assignments_to),
    ("POST", _PRINCIPAL, "/appRoleAssignments", principals.assign_role),
    ("DELETE", _PRINCIPAL, "/appRoleAssignments/{assignment}", principals.unassign_role),
    ("GET", _PRINCIPAL, "/appRoleAssignedTo", principals.assignments_of),
    ("POST", _PRINCIPAL, "/appRoleAssignedTo", principals.assign_role),
    ("DELETE", _PRINCIPAL, "/appRoleAssignedTo/{assignment}", principals.unassign_role),
    ("GET", ("/users",), "", people.list_users),
    ("GET", ("/users/{id}",), "", people.get_user),
    ("POST", ("/users/{id}",), "/sendMail", people.send_mail),
    ("GET", ("/groups",), "", people.list_groups),
    ("GET", ("/groups/{id}",), "", people.get_group),
    ("GET", ("/groups/{id}",), "/members", people.group_members),
    ("GET", ("/groups/{id}",), "/members/$count", people.count_members),
    ("GET", ("/organization",), "", people.organization),
    ("GET", ("/reports/appCredentialSignInActivities",), "", reports.credential_use),
    ("GET", ("/reports/appCredentialSignInActivities/{id}",), "", reports.one_credential_use),
]


@cache
def _compiled() -> list[tuple[str, re.Pattern[str], Handler]]:
    rows = [(method, stem + rest, handler) for method, stems, rest, handler in _TABLE for stem in stems]
    return [(method, _pattern(path), handler) for method, path, handler in rows]


def _pattern(path: str) -> re.Pattern[str]:
    named = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/$()']+)", re.escape(path))
    return re.compile(f"^{named}/?$")


def find_handler(request: GraphRequest) -> Handler:
    """Give the handler and put the path's arguments into the request; 400/405 as Graph when there is none."""
    path = request.path.replace("/microsoft.graph.", "/")
    allowed = False
    for method, pattern, handler in _compiled():
        found = pattern.match(path)
        if found is None:
            continue
        allowed = True
        if method == request.method:
            request.arguments = found.groupdict()
            return handler
    if allowed:
        message = "Specified HTTP method is not allowed for the request target."
        raise GraphError(405, "Request_BadRequest", message)
    return applications.refuse_unknown
