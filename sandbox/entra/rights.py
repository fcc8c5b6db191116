"""Who may do what in the sandbox's Graph, by application permissions (platform.md A5)."""

from sandbox.entra.answers import GraphError
from sandbox.entra.objects import Entry
from sandbox.entra.tokens import Caller

ROLE_IDS = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "Policy.ReadWrite.ApplicationConfiguration": "be74164b-cff1-491c-8741-e671cb536e13",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
}
ROLE_NAMES = {role_id: name for name, role_id in ROLE_IDS.items()}

READ_APPLICATIONS = frozenset(
    {
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
WRITE_APPLICATIONS = frozenset({"Application.ReadWrite.All", "Directory.ReadWrite.All"})
READ_DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
READ_USERS = READ_DIRECTORY | {"User.Read.All"}
READ_GROUPS = READ_DIRECTORY | {"Group.Read.All", "GroupMember.Read.All"}
READ_ORGANIZATION = READ_DIRECTORY | {"Organization.Read.All", "User.Read.All"}
READ_POLICIES = frozenset({"Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"})
WRITE_POLICIES = frozenset({"Policy.ReadWrite.ApplicationConfiguration"})
READ_REPORTS = frozenset({"AuditLog.Read.All"})
SEND_MAIL = frozenset({"Mail.Send"})
ASSIGN_ROLES = frozenset({"AppRoleAssignment.ReadWrite.All"})


def need(caller: Caller, roles: frozenset[str]) -> None:
    """Refuse with 403 unless the caller's token carries one of these roles."""
    if not caller.roles & roles:
        raise denied()


def may_write(caller: Caller, entry: Entry) -> None:
    """Refuse with 403 unless the caller may write all applications, or owns this one and may write those."""
    if caller.roles & WRITE_APPLICATIONS:
        return
    if "Application.ReadWrite.OwnedBy" in caller.roles and caller.object_id in entry.owners:
        return
    raise denied()


def denied() -> GraphError:
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
