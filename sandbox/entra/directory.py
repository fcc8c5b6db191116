"""The tenant: applications, service principals, users, groups, and the rules of writing to them."""

import itertools
import threading
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.entra import dates
from sandbox.entra.answers import GraphError, not_found
from sandbox.entra.behaviour import Behaviour
from sandbox.entra.documents import new_application, new_principal
from sandbox.entra.objects import Collection, Document, Entry
from sandbox.entra.policies import Policies
from sandbox.entra.rights import ROLE_IDS, ROLE_NAMES
from sandbox.entra.truth import Truth
from sandbox.shared import CONFLICTS, SandboxClock

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


class Directory:
    """Hold everything of one tenant. All access under `lock`: tests and servers share it over threads."""

    def __init__(self, *, tenant_id: str, clock: SandboxClock, behaviour: Behaviour) -> None:
        self.tenant_id = tenant_id
        self.clock = clock
        self.behaviour = behaviour
        self.truth = Truth()
        self.policies = Policies()
        self.lock = threading.RLock()
        self.applications = Collection(clock=clock, behaviour=behaviour)
        self.principals = Collection(clock=clock, behaviour=behaviour)
        self.users = Collection(clock=clock, behaviour=behaviour)
        self.groups = Collection(clock=clock, behaviour=behaviour)
        self.deleted: dict[str, tuple[Entry, Document]] = {}
        self.members: dict[str, list[str]] = {}
        self.assignments: list[Document] = []
        self.people_version = 0
        self.display_name = "Sandbox"
        self.default_domain = "sandbox.example"
        self._conflicts = itertools.cycle(CONFLICTS)
        self.graph_principal = self._add_graph_principal()

    def _add_graph_principal(self) -> Entry:
        roles = [
            {"id": i, "value": n, "isEnabled": True, "allowedMemberTypes": ["Application"]} for n, i in ROLE_IDS.items()
        ]
        application = {"appId": GRAPH_APP_ID, "displayName": "Microsoft Graph"}
        document = new_principal(application, {"appRoles": roles}, tenant_id=self.tenant_id)
        return self.principals.add(document, known_everywhere=True)

    def now_text(self) -> str:
        return dates.wire(self.clock.now(), digits=0)

    def add_application(self, given: Mapping[str, Any], *, known_everywhere: bool) -> Entry:
        document = new_application(given, created=self.now_text())
        return self.applications.add(document, known_everywhere=known_everywhere)

    def add_principal(
        self, application: Mapping[str, Any], given: Mapping[str, Any], *, known_everywhere: bool
    ) -> Entry:
        document = new_principal(application, given, tenant_id=self.tenant_id)
        return self.principals.add(document, known_everywhere=known_everywhere)

    def write(self, entry: Entry, document: Document, *, by: str, what: str) -> None:
        """Put a new document, unless somebody wrote to this application a moment ago (platform.md A3)."""
        self.guard(entry)
        collection = self.applications if self.applications.find(entry.id) is entry else self.principals
        collection.replace(entry, document)
        self.note(entry, by=by, what=what)

    def guard(self, entry: Entry) -> None:
        """Refuse a write inside the conflict window, in the three shapes by turn."""
        now = self.applications.now()
        if 0 <= now - entry.written_at < self.behaviour.conflict_window_seconds:
            raise GraphError(*next(self._conflicts))
        entry.written_at = now

    def note(self, entry: Entry, *, by: str, what: str) -> None:
        at = self.clock.now().isoformat()
        self.truth.writes.append({"at": at, "objectId": entry.id, "by": by, "what": what})

    def delete_application(self, entry: Entry, *, by: str) -> None:
        """Move an application to the deleted items, and delete its service principal."""
        self.guard(entry)
        principal = self.principals.find_by_app_id(entry.current["appId"])
        self.deleted[entry.id] = (entry, {**entry.current, "deletedDateTime": self.now_text()})
        self.applications.replace(entry, None)
        if principal is not None:
            self.principals.replace(principal, None)
        self.note(entry, by=by, what="delete")

    def restore_application(self, object_id: str) -> Entry:
        entry, document = self.deleted.pop(object_id)
        self.applications.replace(entry, {**document, "deletedDateTime": None})
        return entry

    def application(self, object_id: str, replica: int) -> tuple[Entry, Document]:
        """Give an application as this replica knows it, or raise 404."""
        return self._seen(self.applications, self.applications.find(object_id), object_id, replica=replica)

    def principal(self, object_id: str, replica: int) -> tuple[Entry, Document]:
        return self._seen(self.principals, self.principals.find(object_id), object_id, replica=replica)

    def application_by_app_id(self, app_id: str, replica: int) -> tuple[Entry, Document]:
        return self._seen(self.applications, self.applications.find_by_app_id(app_id), app_id, replica=replica)

    def principal_by_app_id(self, app_id: str, replica: int) -> tuple[Entry, Document]:
        return self._seen(self.principals, self.principals.find_by_app_id(app_id), app_id, replica=replica)

    @staticmethod
    def _seen(collection: Collection, entry: Entry | None, name: str, *, replica: int) -> tuple[Entry, Document]:
        document = None if entry is None else collection.seen(entry, replica)
        if entry is None or document is None:
            raise not_found(name)
        return entry, document

    def anybody(self, object_id: str) -> tuple[str, Document] | None:
        """Give ("user" | "servicePrincipal" | "group", document) of a directory object, or None."""
        kinds = (("user", self.users), ("servicePrincipal", self.principals), ("group", self.groups))
        for kind, collection in kinds:
            entry = collection.find(object_id)
            if entry is not None and entry.document is not None:
                return kind, entry.document
        return None

    def assign(self, principal_id: str, role_ids: Iterable[str], *, resource: Entry | None = None) -> None:
        """Grant roles of a resource (Graph's application permissions unless told) to a principal or a person."""
        kind, holder = self.anybody(principal_id) or ("servicePrincipal", {})
        granted_by = resource or self.graph_principal
        for role_id in role_ids:
            self.assignments.append(
                {
                    "id": uuid.uuid4().hex,
                    "appRoleId": role_id,
                    "createdDateTime": self.now_text(),
                    "principalDisplayName": holder.get("displayName"),
                    "principalId": principal_id,
                    "principalType": kind[0].upper() + kind[1:],
                    "resourceDisplayName": granted_by.current.get("displayName"),
                    "resourceId": granted_by.id,
                }
            )

    def roles_of(self, principal_id: str) -> frozenset[str]:
        """Give the names of the roles granted to a service principal; an unknown id stands for itself."""
        granted = [a["appRoleId"] for a in self.assignments if a["principalId"] == principal_id]
        return frozenset(ROLE_NAMES.get(role_id, role_id) for role_id in granted)
