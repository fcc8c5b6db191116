"""
Service principals: those of applications, and the tenant's managed identities.

On them sit SAML signing certificates and, rarely, client secrets (platform.md A1, A2).
"""

from base64 import b64decode
from random import Random

from sandbox.tenant.credentials import password, signing_certificate
from sandbox.tenant.draft import Recipe, draft
from sandbox.tenant.identity import guid, stream
from sandbox.tenant.instants import drawn_span
from sandbox.tenant.kinds import Kind
from sandbox.tenant.model import Json
from sandbox.tenant.vocabulary import WORDS


def pipeline_count(recipe: Recipe) -> int:
    """Return how many managed identities (deployment pipelines) the tenant has: at least one."""
    return 1 + recipe.applications // 50


def service_principal(recipe: Recipe, number: int) -> Json | None:
    """Make the service principal of application *number*; None where it has none here."""
    found = draft(recipe.seed, number)
    if found.principal_id is None:
        return None
    made = bare_principal(object_id=found.principal_id, client_id=found.client_id, name=found.name)
    if found.rng.random() < 0.03:
        made["accountEnabled"] = False
    made["appOwnerOrganizationId"] = recipe.tenant_id
    if found.kind is Kind.ON_PRINCIPAL:
        end = recipe.now + drawn_span(found.rng, least=-90, most=365)
        made["passwordCredentials"] = [password(found.rng, recipe.now, end=end)]
    if found.kind is Kind.SAML:
        return made | saml_members(*signing_certificate(found.rng, recipe.now), domain=recipe.domain)
    return made


def pipeline_id(recipe: Recipe, number: int) -> str:
    return guid(stream(seed=recipe.seed, kind="pipeline", number=number)[:16])


def pipeline(recipe: Recipe, number: int) -> Json:
    """Make managed identity *number*: a service principal without an application."""
    source = stream(seed=recipe.seed, kind="pipeline", number=number)
    rng = Random(int.from_bytes(source[48:]))
    name = f"mi-{rng.choice(WORDS.systems)}-{rng.choice(WORDS.regions)}-{number}".lower().replace(" ", "")
    made = bare_principal(object_id=guid(source[:16]), client_id=guid(source[16:32]), name=name)
    return made | {"servicePrincipalType": "ManagedIdentity"}


def bare_principal(*, object_id: str, client_id: str, name: str | None) -> Json:
    """Make a service principal without credentials; members that it lacks have Graph's defaults."""
    return {
        "id": object_id,
        "appId": client_id,
        "displayName": name,
        "appDisplayName": name,
        "servicePrincipalNames": [client_id],
        "servicePrincipalType": "Application",
        "keyCredentials": [],
        "passwordCredentials": [],
    }


def saml_members(keys: list[Json], companion: Json, *, domain: str) -> Json:
    """Return what a service principal that signs people in by SAML has beyond the bare one."""
    return {
        "keyCredentials": keys,
        "passwordCredentials": [companion],
        "preferredSingleSignOnMode": "saml",
        "preferredTokenSigningKeyThumbprint": b64decode(keys[0]["customKeyIdentifier"]).hex().upper(),
        "notificationEmailAddresses": [f"sso@{domain}"],
    }
