"""The application by which people sign in to our app, its roles, and a few people who have them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sandbox.entra.service import Entra
from sandbox.tenant.identity import named_guid

ROLES = ("Rotation.Reader", "Rotation.Operator", "Rotation.Administrator")
PEOPLE: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Rita Reader": ("Rotation.Reader",),
        "Oskar Operator": ("Rotation.Operator",),
        "Olga Operator": ("Rotation.Operator",),
        "Alma Administrator": ("Rotation.Administrator",),
        "Nils Nobody": (),
    }
)
"""Everybody with the roles that they have: two operators, because one asks and another approves."""


def add_sign_in_site(entra: Entra) -> str:
    """Add the application, as infra/modules/graph.bicep makes it, and the people; give its client id."""
    roles = [
        {
            "id": named_guid(f"sign-in/{value}"),
            "value": value,
            "displayName": value.partition(".")[2],
            "description": value,
            "isEnabled": True,
            "allowedMemberTypes": ["User"] if value == ROLES[-1] else ["User", "Application"],
        }
        for value in ROLES
    ]
    client_id = str(entra.add_application({"displayName": "rotation sign-in", "appRoles": roles}).current["appId"])
    for name, held in PEOPLE.items():
        user = entra.add_user(name, jobTitle=name.partition(" ")[2])
        for role in held:
            entra.give_role(user.id, client_id, role)
    return client_id


def stands_at(entra: Entra, client_id: str, url: str) -> None:
    """Let the sign-in send people back to the app at *url*."""
    entry = entra.application(client_id)
    with entra.directory.lock:
        web = {**(entry.current.get("web") or {}), "redirectUris": [f"{url}/.auth/login/aad/callback"]}
        entra.directory.applications.replace(entry, {**entry.current, "web": web})
