"""`Entra`: one tenant with its Graph, its sign-in and its ground truth, for tests, loaders and the cloud."""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.applications import Starlette

from sandbox.entra import dates
from sandbox.entra.audiences import LOGS, RESOURCE_MANAGER, Audiences
from sandbox.entra.behaviour import Behaviour
from sandbox.entra.directory import Directory
from sandbox.entra.graph import Graph, make_graph
from sandbox.entra.loading import load_applications
from sandbox.entra.managed_identity import ManagedIdentity, make_managed_identity
from sandbox.entra.objects import Document, Entry
from sandbox.entra.passwords import Passwords
from sandbox.entra.people_sign_in import PeopleSignIn
from sandbox.entra.quotas import Quotas
from sandbox.entra.rights import ROLE_IDS
from sandbox.entra.sign_in import SignInDesk, Source
from sandbox.entra.sign_in_app import SignInApp, make_sign_in
from sandbox.entra.sign_in_logs import SignInLogs, make_sign_in_logs
from sandbox.entra.tokens import GRAPH, Tokens
from sandbox.entra.truth import Minted, Truth
from sandbox.shared import Faults, SandboxClock
from sandbox.tenant.load import Loaded, load_into
from sandbox.tenant.model import Tenant

SOMEBODY = "somebody-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the parts can be reached; asked late, because ports are drawn at start."""

    authority: Callable[[], str]
    graph: Callable[[], str]
    logs: Callable[[], str] = str
    arm: Callable[[], str] = str


class Entra:
    """Own the tenant. Everything here may be called from any thread while the servers run."""

    def __init__(
        self, *, tenant_id: str, clock: SandboxClock, faults: Faults, addresses: Addresses, identity_header: str
    ) -> None:
        self.behaviour = Behaviour()
        self.directory = Directory(tenant_id=tenant_id, clock=clock, behaviour=self.behaviour)
        self.tokens = Tokens(tenant_id=tenant_id)
        self.faults = faults
        self.quotas = Quotas(behaviour=self.behaviour, tenant_id=tenant_id)
        audiences = Audiences(self.directory, addresses.graph, {LOGS: addresses.logs, RESOURCE_MANAGER: addresses.arm})
        self.desk = SignInDesk(self.directory, self.tokens, audiences)
        self.identity = ManagedIdentity(desk=self.desk, header=identity_header)
        self.logs = SignInLogs(directory=self.directory, tokens=self.tokens, workspace_id=str(uuid.uuid4()))
        self._addresses = addresses

    @property
    def tenant_id(self) -> str:
        return self.directory.tenant_id

    @property
    def truth(self) -> Truth:
        return self.directory.truth

    def graph_app(self) -> Starlette:
        graph = Graph(directory=self.directory, tokens=self.tokens, quotas=self.quotas, own_url=self._addresses.graph)
        return make_graph(graph, faults=self.faults)

    def sign_in_app(self) -> Starlette:
        people = PeopleSignIn(directory=self.directory, tokens=self.tokens, own_url=self._addresses.authority)
        service = SignInApp(desk=self.desk, people=people, own_url=self._addresses.authority)
        return make_sign_in(service, faults=self.faults)

    def identity_app(self) -> Starlette:
        return make_managed_identity(self.identity, faults=self.faults)

    def logs_app(self) -> Starlette:
        return make_sign_in_logs(self.logs, faults=self.faults)

    def add_application(
        self,
        document: Mapping[str, Any] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        owners: Sequence[str] = (),
        service_principal: bool = True,
    ) -> Entry:
        """
        Add an application, known to all replicas at once; what the document leaves out gets Graph's defaults.

        `secrets` gives the texts of its passwordCredentials by keyId (as does `secretText` in a credential):
        with a text, one can sign in.
        """
        given = {"displayName": "application", **(document or {})}
        with self.directory.lock:
            entry = load_applications(self.directory, [self._complete(given)], texts=secrets or {})[0]
            entry.owners.extend(owners)
            if service_principal:
                self.directory.add_principal(entry.current, {}, known_everywhere=True)
        return entry

    def _complete(self, given: Mapping[str, Any]) -> Document:
        stamp = {"createdDateTime": self.directory.now_text(), "passwordCredentials": [], "keyCredentials": []}
        return {"id": str(uuid.uuid4()), "appId": str(uuid.uuid4()), **stamp, **given}

    def load(self, documents: Iterable[Document], *, service_principals: bool = True) -> list[Entry]:
        """Add many applications as Graph (or `az ad app list`) gives them; takes over the objects."""
        with self.directory.lock:
            entries = load_applications(self.directory, documents, texts={})
            if service_principals:
                for entry in entries:
                    self.directory.principals.add(sparse_principal(entry.current), known_everywhere=True)
        return entries

    def load_tenant(self, tenant: Tenant) -> Loaded:
        """Add everything of a tenant, or nothing (NotATenant); what was there before stays."""
        self.directory.display_name, self.directory.default_domain = tenant.display_name, tenant.default_domain
        return load_into(self, tenant)

    def add_identity(self, display_name: str, roles: Iterable[str] = ()) -> tuple[str, str]:
        """Add an application with a secret and roles; give its client id and the secret's text."""
        _known(roles := tuple(roles))
        entry = self.add_application({"displayName": display_name})
        app_id: str = entry.current["appId"]
        text = self.add_secret(app_id, display_name="sandbox")["secretText"]
        self.grant(app_id, roles)
        return app_id, text

    def grant(self, app_id: str, roles: Iterable[str]) -> None:
        """Give an application's service principal application permissions on Graph, with admin consent."""
        _known(roles := tuple(roles))
        self.directory.assign(self.principal_of(app_id).id, [ROLE_IDS[role] for role in roles])

    def add_user(self, display_name: str, **properties: Any) -> Entry:
        """Add a person; mail and userPrincipalName come from the name unless given."""
        mail = f"{'.'.join(display_name.lower().split())}@{self.directory.default_domain}"
        common = {"accountEnabled": True, "mail": mail, "userPrincipalName": mail, "userType": "Member"}
        document = {"id": str(uuid.uuid4()), "displayName": display_name, **common, **properties}
        with self.directory.lock:
            self.directory.people_version += 1
            return self.directory.users.add(document, known_everywhere=True)

    def add_group(self, display_name: str, members: Iterable[str] = ()) -> Entry:
        """Add a group; *members* are object ids."""
        object_id = str(uuid.uuid4())
        document: Document = {"id": object_id, "displayName": display_name, "securityEnabled": True, "groupTypes": []}
        with self.directory.lock:
            self.directory.people_version += 1
            self.directory.members[object_id] = list(members)
            return self.directory.groups.add(document, known_everywhere=True)

    def give_role(self, user_id: str, app_id: str, role: str) -> None:
        """Give a person an app role of an application by its value: it shows in the person's ID token."""
        roles = {r["value"]: r["id"] for r in self.application(app_id).current.get("appRoles", [])}
        with self.directory.lock:
            self.directory.assign(user_id, [roles[role]], resource=self.principal_of(app_id))

    def application(self, app_id: str) -> Entry:
        """Give an application by appId or object id; LookupError if there is none."""
        found = self.directory.applications.find_by_app_id(app_id) or self.directory.applications.find(app_id)
        if found is None:
            raise LookupError(f"no application {app_id}")
        return found

    def principal_of(self, app_id: str) -> Entry:
        found = self.directory.principals.find_by_app_id(app_id)
        if found is None:
            raise LookupError(f"no service principal of {app_id}")
        return found

    def add_secret(
        self,
        app_id: str,
        *,
        display_name: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        by: str = SOMEBODY,
    ) -> Document:
        """Mint by foreign hand, outside any rights; give the passwordCredential with `secretText`."""
        wanted: Document = {"displayName": display_name}
        if start is not None:
            wanted["startDateTime"] = dates.wire(start)
        if end is not None:
            wanted["endDateTime"] = dates.wire(end)
        with self.directory.lock:
            return Passwords(self.directory).add(self.application(app_id), wanted, by=by)

    def remove_secret(self, app_id: str, key_id: str, *, by: str = SOMEBODY) -> None:
        """Remove by foreign hand."""
        with self.directory.lock:
            entry = self.application(app_id)
            Passwords(self.directory).remove(entry, entry.current, key_id, by=by)

    def add_certificate(self, app_id: str, certificate: bytes, *, start: datetime, end: datetime) -> str:
        """Let an application sign in with a certificate (DER or PEM); give the key id."""
        key = {
            "customKeyIdentifier": None,
            "displayName": "sandbox",
            "endDateTime": dates.wire(end),
            "key": base64.b64encode(certificate).decode(),
            "keyId": str(uuid.uuid4()),
            "startDateTime": dates.wire(start),
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
        }
        with self.directory.lock:
            entry = self.application(app_id)
            held = [*entry.current["keyCredentials"], key]
            self.directory.write(entry, {**entry.current, "keyCredentials": held}, by=SOMEBODY, what="certificate")
        return str(key["keyId"])

    def note_use(self, app_id: str, key_id: str, *, address: str = "203.0.113.7", with_user: bool = False) -> None:
        """Enter a successful sign-in of somebody's program now, as if it had come over the wire."""
        source = Source(address=address, label="noted")
        with self.directory.lock:
            self.desk.note(app_id, key_id=key_id, resource=GRAPH, source=source, error=0, with_user=with_user)

    def refuse_sign_in(self, app_id: str, number: int | None) -> None:
        """Answer right credentials of an application with this AADSTS number (53003, 501051 ...); None ends it."""
        if number is None:
            self.desk.refusals.pop(app_id, None)
        else:
            self.desk.refusals[app_id] = number

    def minted(self, app_id: str) -> list[Minted]:
        """Give the ground truth of an application's secrets."""
        with self.directory.lock:
            return self.truth.of(app_id)

    def canaries(self) -> list[str]:
        with self.directory.lock:
            return self.truth.canaries()


def sparse_principal(application: Mapping[str, Any]) -> Document:
    """Give a service principal with only what differs from the defaults: there may be 100,000."""
    return {
        "id": str(uuid.uuid4()),
        "appId": application["appId"],
        "displayName": application.get("displayName"),
        "appDisplayName": application.get("displayName"),
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [application["appId"], *application.get("identifierUris", ())],
        "createdDateTime": application.get("createdDateTime"),
    }


def _known(roles: Iterable[str]) -> None:
    unknown = set(roles) - set(ROLE_IDS)
    if unknown:
        raise ValueError(f"unknown roles {sorted(unknown)}")
