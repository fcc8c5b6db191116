"""
Read a person's own inventory: the output of `az ad app list --all -o json`.

So anybody can rehearse tonight's run on their tenant without touching it. Ids,
dates and credentials are taken as they are: none is invented, none left out.
Of what the file does not hold, service principals are assumed (one an
application, with ids of our own), and nobody owns anything.
"""

from collections.abc import Sequence
from pathlib import Path

from sandbox.tenant.applications import bare_application
from sandbox.tenant.file_text import read_json
from sandbox.tenant.identity import named_guid
from sandbox.tenant.inventory_check import problems_of
from sandbox.tenant.model import Copied, Drawn, Json, Rows, Tenant
from sandbox.tenant.principals import bare_principal
from sandbox.tenant.refusal import NotATenant

COMMAND = "az ad app list --all -o json"
REMEDY = f"write the file anew with `{COMMAND} > applications.json` (az 2.37 or newer) and load that."
CUT_AT = 100
"""How many applications az prints when `--all` is left out."""

_LISTS = ("identifierUris", "tags", "keyCredentials", "passwordCredentials")


def load(path: Path) -> Tenant:
    """
    Make a tenant of the file at *path*; UTF-8 or UTF-16, with or without a byte-order mark.

    Raises:
        NotATenant: All problems at once, with index and field, or line and column.
        OSError: The file cannot be read.
    """
    found = read_json(path, remedy=REMEDY)
    problems = problems_of(found)
    if problems or not isinstance(found, list):
        raise NotATenant(str(path), problems, remedy=REMEDY)
    return _tenant(path, [_completed(entry) for entry in found])


def _tenant(path: Path, applications: Sequence[Json]) -> Tenant:
    domains = [entry["publisherDomain"] for entry in applications if entry.get("publisherDomain")]
    domain = max(set(domains), key=lambda each: (domains.count(each), each), default="inventory.example")
    return Tenant(
        tenant_id=named_guid(f"tenant/{domain}"),
        display_name=domain.partition(".")[0],
        default_domain=domain,
        rows=Rows(
            applications=Copied(applications),
            service_principals=Drawn(count=len(applications), draw=lambda number: _principal(applications[number])),
        ),
        remarks=tuple(_remarks(path, applications)),
    )


def _completed(entry: Json) -> Json:
    """Add the lists that every application has, and read null ones as empty."""
    bare = bare_application(object_id=entry["id"], client_id=entry["appId"], name=entry.get("displayName"))
    lists = {name: entry.get(name) or [] for name in _LISTS}
    return bare | {name: found for name, found in entry.items() if not name.startswith("@")} | lists


def _principal(entry: Json) -> Json:
    principal_id = named_guid(f"service principal/{entry['id']}")
    return bare_principal(object_id=principal_id, client_id=entry["appId"], name=entry.get("displayName"))


def _remarks(path: Path, applications: Sequence[Json]) -> list[str]:
    found = [
        f"{len(applications)} applications from {path.name}.",
        "Their service principals are assumed; owners and people are unknown.",
    ]
    if len(applications) == CUT_AT:
        found.append(f"Exactly {CUT_AT}: that is where az cuts the list without --all. Was it left out?")
    return found
