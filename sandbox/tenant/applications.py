"""Application objects with the properties that `GET /v1.0/applications` returns."""

from datetime import datetime
from random import Random

from sandbox.tenant.credentials import certificates, federated, passwords
from sandbox.tenant.draft import Draft, Recipe, draft, drawn_kind
from sandbox.tenant.instants import drawn_span, drawn_text
from sandbox.tenant.kinds import Kind
from sandbox.tenant.model import Federated, Json
from sandbox.tenant.vocabulary import WORDS

MADE_WITH = {
    "Azure portal": "74658136-14ec-4630-ad9b-26e160ff0fc6",
    "Azure CLI": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "Graph PowerShell": "14d82eec-204b-4c2f-b7e8-296a70dab67e",
}
"""createdByAppId of applications, by the tool that made them."""

_MAKERS = (None, *MADE_WITH.values())
_PERSONAL_AUDIENCES = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


def application(recipe: Recipe, number: int) -> Json:
    """Make application *number* of a tenant."""
    found = draft(recipe.seed, number)
    rng = found.rng
    made = bare_application(object_id=found.object_id, client_id=found.client_id, name=found.name)
    made["passwordCredentials"] = passwords(rng, found.kind, recipe.now)
    made["keyCredentials"] = certificates(rng, found.kind, recipe.now)
    made["createdDateTime"] = _created_at(rng, recipe.now, made["passwordCredentials"] + made["keyCredentials"])
    made["publisherDomain"] = recipe.domain
    made["signInAudience"] = _audience(found)
    return made | _annotations(rng) | _web(rng, found)


def federated_row(recipe: Recipe, number: int) -> Federated | None:
    """Return the federated credentials of application *number*; None where it has none."""
    if drawn_kind(recipe.seed, number) is not Kind.FEDERATED:
        return None
    found = draft(recipe.seed, number)
    return found.object_id, federated(found.rng, found.rng.randint(1, 3))


def bare_application(*, object_id: str, client_id: str, name: str | None) -> Json:
    """Make an application without credentials; members that it lacks have Graph's defaults."""
    return {
        "id": object_id,
        "appId": client_id,
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "identifierUris": [],
        "tags": [],
        "keyCredentials": [],
        "passwordCredentials": [],
    }


def _created_at(rng: Random, now: datetime, credentials: list[Json]) -> str:
    """Draw a creation that is not after the first credential's start."""
    starts: list[str] = [found["startDateTime"] for found in credentials]
    return min([drawn_text(rng, now - drawn_span(rng, least=30, most=3_000)), *starts])


def _audience(found: Draft) -> str:
    if found.kind is Kind.PERSONAL:
        return found.rng.choice(_PERSONAL_AUDIENCES)
    return "AzureADMultipleOrgs" if found.rng.random() < 0.15 else "AzureADMyOrg"


def _annotations(rng: Random) -> Json:
    """Draw what people and tools wrote on it; most applications have little of it."""
    drawn = {
        "createdByAppId": rng.choice(_MAKERS),
        "isDisabled": rng.random() < 0.02,
        "notes": rng.choice(WORDS.notes) if rng.random() < 0.15 else None,
        "serviceManagementReference": f"APP-{rng.randrange(10_000, 99_999)}" if rng.random() < 0.2 else None,
        "tags": rng.sample(WORDS.tags, k=rng.randint(1, 3)) if rng.random() < 0.25 else [],
    }
    return {name: value for name, value in drawn.items() if value}


def _web(rng: Random, found: Draft) -> Json:
    if rng.random() < 0.6:
        return {}
    home = f"https://app-{found.number}.contoso.example"
    return {
        "identifierUris": [f"api://{found.client_id}"],
        "web": {
            "homePageUrl": home,
            "logoutUrl": None,
            "redirectUris": [f"{home}/signin-oidc"],
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "redirectUriSettings": [],
        },
    }
