"""Graph's addPassword and removePassword, and the policies that hold for an application."""

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, no_content, not_found
from sandbox.entra.applications import owned_application, seen_application
from sandbox.entra.directory import Directory
from sandbox.entra.documents import merge
from sandbox.entra.passwords import Passwords
from sandbox.entra.rights import READ_POLICIES, WRITE_POLICIES, need


def add_password(directory: Directory, request: GraphRequest) -> Answer:
    """Mint; every value of passwordCredential may be left out (platform.md A3)."""
    entry, _ = owned_application(directory, request)
    body = request.body if isinstance(request.body, dict) else {}
    wanted = body.get("passwordCredential") or {}
    if not isinstance(wanted, dict):
        raise GraphError(400, "Request_BadRequest", "Invalid value for 'passwordCredential'.")
    made = Passwords(directory).add(entry, wanted, by=request.caller.app_id)
    context = f"{request.base}/{request.version}/$metadata#microsoft.graph.passwordCredential"
    return answer(200, {"@odata.context": context, **made})


def remove_password(directory: Directory, request: GraphRequest) -> Answer:
    entry, seen = owned_application(directory, request)
    key_id = request.members().get("keyId")
    if not isinstance(key_id, str):
        raise GraphError(400, "Request_BadRequest", "A value is required for parameter 'keyId'.")
    Passwords(directory).remove(entry, seen, key_id, by=request.caller.app_id)
    return no_content()


def get_default_policy(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_POLICIES)
    context = f"{request.base}/{request.version}/$metadata#policies/defaultAppManagementPolicy/$entity"
    return answer(200, {"@odata.context": context, **directory.policies.default})


def change_default_policy(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, WRITE_POLICIES)
    directory.policies.default = merge(directory.policies.default, request.members())
    return no_content()


def list_policies(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_POLICIES)
    return answer(200, {"value": list(directory.policies.assigned.values())})


def policies_of_application(directory: Directory, request: GraphRequest) -> Answer:
    need(request.caller, READ_POLICIES)
    entry, _ = seen_application(directory, request)
    context = f"{request.base}/{request.version}/$metadata#applications('{entry.id}')/appManagementPolicies"
    held = [directory.policies.assigned[p] for p in entry.policies]
    return answer(200, {"@odata.context": context, "value": held})


def assign_policy(directory: Directory, request: GraphRequest) -> Answer:
    """Assign a policy to an application, at most one (platform.md A4)."""
    need(request.caller, WRITE_POLICIES)
    entry, _ = seen_application(directory, request)
    policy_id = str(request.members().get("@odata.id", "")).rsplit("/", maxsplit=1)[-1]
    if policy_id not in directory.policies.assigned:
        raise not_found(policy_id)
    if entry.policies:
        raise GraphError(400, "Request_BadRequest", "An app management policy is already assigned.")
    entry.policies.append(policy_id)
    return no_content()
