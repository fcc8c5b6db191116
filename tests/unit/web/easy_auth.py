"""The headers that App Service's sign-in sets for whom it knows."""

import base64
import json

from rotation.web.principal import Role

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


def principal_header(*claims: tuple[str, str], role_typ: str = "roles") -> dict[str, str]:
    """Give the header with these claims."""
    given = {
        "auth_typ": "aad",
        "claims": [{"typ": typ, "val": val} for typ, val in claims],
        "name_typ": "name",
        "role_typ": role_typ,
    }
    return {"x-ms-client-principal": base64.b64encode(json.dumps(given).encode()).decode()}


def person(name: str, *roles: Role) -> dict[str, str]:
    """Give the headers of a person who signed in."""
    claims = [(OBJECT_ID, f"id-of-{name}"), ("preferred_username", f"{name}@contoso.example")]
    return principal_header(*claims, *(("roles", role.claim) for role in roles))


def application(client_id: str, *roles: Role) -> dict[str, str]:
    """Give the headers of an application that came with a token of its own."""
    claims = [(OBJECT_ID, f"id-of-{client_id}"), ("azp", client_id), ("idtyp", "app")]
    return principal_header(*claims, *(("roles", role.claim) for role in roles))
