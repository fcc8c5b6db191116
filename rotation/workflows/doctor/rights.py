"""Which Graph permissions are held, and whether they suffice for what is configured."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from rotation.domain.errors import RotationError
from rotation.domain.identifiers import ClientId
from rotation.domain.policy import Configuration, Mode
from rotation.workflows.doctor.findings import Finding, Findings, Patient, broken, failed, fine, warning

CHECK = "permission"
MAIL = "Mail.Send"
GRAPH_CLIENT = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's own application, the same in every tenant and cloud."""
WRITE_ALL = "Application.ReadWrite.All"
OWNED_BY = "Application.ReadWrite.OwnedBy"
TOO_MUCH = frozenset(
    {
        "AppRoleAssignment.ReadWrite.All",
        "Directory.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "User.ReadWrite.All",
        "Group.ReadWrite.All",
    }
)
"""An identity of ours that holds one of these could take the tenant over, and none is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing to be able to do, and the permissions any one of which allows it; the first is the one to grant."""

    what: str
    any_of: tuple[str, ...]
    optional: str = ""
    """Why its absence is no more than a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose permissions are looked at."""

    name: str
    client_id: ClientId
    object_id: str
    permissions: frozenset[str]
    person: bool = False


async def subjects(patient: Patient) -> AsyncIterator[Subject]:
    """
    Give whoever signs in here, and each of our own identities that holds Graph permissions.

    At a terminal the two differ: a person looks, and the app's own identity works at night.
    """
    who = patient.identity
    if who is not None:
        yield Subject(
            name=who.name,
            client_id=who.client_id,
            object_id=who.object_id,
            permissions=who.permissions,
            person=who.person,
        )
    for client_id in sorted(patient.services.own_client_ids - ({who.client_id} if who else set())):
        held = await patient.services.directory.directory_roles(client_id)
        if held:
            object_id = await patient.services.surroundings.principal(client_id) or ""
            yield Subject(
                name=f"our identity {client_id}", client_id=client_id, object_id=object_id, permissions=frozenset(held)
            )


def needs(configuration: Configuration | None) -> Iterator[Need]:
    """List what this configuration needs; of one that cannot be read, all."""
    yield Need(
        what="read applications",
        any_of=("Application.Read.All", WRITE_ALL, "Directory.Read.All", "Directory.ReadWrite.All", OWNED_BY),
    )
    if configuration is None or any(policy.mode is Mode.ROTATE for policy in configuration.policies):
        yield Need(what="add and remove secrets", any_of=(OWNED_BY, WRITE_ALL))
        yield Need(what="read what the tenant's policies allow", any_of=("Policy.Read.All",))
        yield Need(what="read which credentials are in use", any_of=("AuditLog.Read.All",))
    if configuration is None or any(policy.selector.owners for policy in configuration.policies):
        yield Need(
            what="read the addresses of owners",
            any_of=("User.ReadBasic.All", "User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"),
            optional="policies that select by owners match nobody whose address is not readable",
        )
    if configuration is None or configuration.sender:
        yield Need(
            what="send mail",
            any_of=(MAIL,),
            optional="well where Exchange's role-based access grants it, which no token tells: rotation notify test",
        )


async def permissions(patient: Patient) -> Findings:
    """Compare what is held with what is needed."""
    async for subject in subjects(patient):
        if subject.person:
            told = f"a person, with {', '.join(sorted(subject.permissions)) or 'no delegated permission'}"
            yield fine(CHECK, subject.name, told)
            continue
        for need in needs(patient.configuration):
            yield _held(subject, need)
        for power in sorted(TOO_MUCH & subject.permissions):
            told = f"holds {power}, which nothing here needs and which could take over the tenant"
            yield warning(CHECK, subject.name, told, remedy=_take_away(subject, power))


def _held(subject: Subject, need: Need) -> Finding:
    held = [name for name in need.any_of if name in subject.permissions]
    if held:
        return fine(CHECK, subject.name, f"may {need.what} ({held[0]})")
    told = f"may not {need.what}: it lacks {need.any_of[0]}"
    if need.optional:
        return warning(CHECK, subject.name, f"{told}; {need.optional}", remedy=_grant(subject, need))
    return broken(CHECK, subject.name, told, remedy=_grant(subject, need))


def _grant(subject: Subject, need: Need) -> str:
    if need.any_of == (MAIL,):
        ids = f"-ClientId {subject.client_id} -ObjectId {subject.object_id}"
        return f"infra/scripts/scope-mail.ps1 {ids} -Mailbox SENDER -Apply"
    return f"infra/scripts/grant-graph-permissions.sh --identity {subject.object_id or 'OBJECT_ID'} --apply"


def _take_away(subject: Subject, power: str) -> str:
    """Give the command that ends an assignment: Graph names it by an id of its own (appRoleAssignments, v1.0)."""
    graph = f"$(az ad sp show --id {GRAPH_CLIENT} --query \"appRoles[?value=='{power}'].id\" -o tsv)"
    held = (
        f"$(az cloud show --query endpoints.microsoftGraphResourceId -o tsv)v1.0/servicePrincipals/{subject.object_id}"
    )
    found = "$(az rest --url $at --query \"value[?appRoleId=='$role'].id\" -o tsv)"
    return f"role={graph}; at={held}/appRoleAssignments; az rest --method delete --url $at/{found}"


async def ownership(patient: Patient) -> Findings:
    """With Application.ReadWrite.OwnedBy alone: look whether we own each enrolled application."""
    enrolled = sorted({line.id.application async for line in patient.services.lines.all()})
    async for subject in subjects(patient):
        if subject.person or OWNED_BY not in subject.permissions or WRITE_ALL in subject.permissions or not enrolled:
            continue
        try:
            owners = await patient.services.directory.owners(enrolled)
        except RotationError as error:
            yield failed("owner", subject.name, error, remedy="rotation doctor")
            return
        lacking = [each for each in enrolled if subject.object_id not in {o.object_id for o in owners.get(each, ())}]
        for application in lacking:
            yield broken(
                "owner",
                application,
                f"{subject.name} is not an owner of it, so Graph refuses every rotation",
                remedy=f"infra/scripts/own-applications.sh --identity {subject.object_id} --apply {application}",
            )
        if not lacking:
            yield fine("owner", subject.name, f"owns all {len(enrolled)} enrolled applications")
