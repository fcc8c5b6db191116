"""New directory objects with the defaults that Graph fills in, and the nested merge of PATCH."""

import random
import uuid
from collections.abc import Mapping
from typing import Any

APPLICATION_DEFAULTS: dict[str, Any] = {
    "deletedDateTime": None,
    "applicationTemplateId": None,
    "certification": None,
    "createdByAppId": None,
    "defaultRedirectUri": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "isDeviceOnlyAuthSupported": None,
    "isDisabled": None,
    "isFallbackPublicClient": None,
    "nativeAuthenticationApisEnabled": None,
    "notes": None,
    "optionalClaims": None,
    "publisherDomain": "sandbox.example",
    "samlMetadataUrl": None,
    "serviceManagementReference": None,
    "signInAudience": "AzureADMyOrg",
    "tags": [],
    "tokenEncryptionKeyId": None,
    "uniqueName": None,
    "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
    "addIns": [],
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "requestedAccessTokenVersion": None,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    },
    "appRoles": [],
    "info": {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": None,
        "supportUrl": None,
        "termsOfServiceUrl": None,
    },
    "keyCredentials": [],
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "passwordCredentials": [],
    "publicClient": {"redirectUris": []},
    "requestSignatureVerification": None,
    "requiredResourceAccess": [],
    "servicePrincipalLockConfiguration": None,
    "spa": {"redirectUris": []},
    "web": {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        "redirectUriSettings": [],
    },
}

PRINCIPAL_DEFAULTS: dict[str, Any] = {
    "deletedDateTime": None,
    "accountEnabled": True,
    "alternativeNames": [],
    "appDescription": None,
    "appRoleAssignmentRequired": False,
    "appRoles": [],
    "description": None,
    "disabledByMicrosoftStatus": None,
    "homepage": None,
    "keyCredentials": [],
    "loginUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "oauth2PermissionScopes": [],
    "passwordCredentials": [],
    "preferredSingleSignOnMode": None,
    "preferredTokenSigningKeyThumbprint": None,
    "replyUrls": [],
    "servicePrincipalType": "Application",
    "tags": [],
    "tokenEncryptionKeyId": None,
}

_COLLECTIONS: dict[str, Any] = {"identifierUris": [], "keyCredentials": [], "passwordCredentials": [], "tags": []}
_SECRET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789~._-"


def secret_text() -> str:
    """Give a secret of 40 characters shaped as Entra's: three, a digit, "Q~", the rest."""
    source = random.SystemRandom()
    head = "".join(source.choice(_SECRET[:62]) for _ in range(3))
    return f"{head}{source.choice('789')}Q~{''.join(source.choice(_SECRET) for _ in range(34))}"


def new_application(given: Mapping[str, Any], *, created: str) -> dict[str, Any]:
    """Give a new application; defaults are added when it is shown: there may be 100,000."""
    identity = {
        "id": str(uuid.uuid4()),
        "appId": str(uuid.uuid4()),
        "createdDateTime": created,
        "displayName": None,
    }
    return {**identity, **_COLLECTIONS, **_without_notes(given)}


def new_principal(application: Mapping[str, Any], given: Mapping[str, Any], *, tenant_id: str) -> dict[str, Any]:
    """Give the service principal of an application of this tenant."""
    app_id = application["appId"]
    return {
        "id": str(uuid.uuid4()),
        "appId": app_id,
        "servicePrincipalType": "Application",
        "appDisplayName": application.get("displayName"),
        "displayName": application.get("displayName"),
        "appOwnerOrganizationId": tenant_id,
        "createdDateTime": application.get("createdDateTime"),
        "servicePrincipalNames": [app_id, *application.get("identifierUris", ())],
        "signInAudience": application.get("signInAudience"),
        "tags": list(application.get("tags", ())),
        **_without_notes(given),
    }


def merge(document: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Give the document with a PATCH applied: objects merge member by member, everything else replaces."""
    merged = dict(document)
    for name, value in _without_notes(change).items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return merged


def _without_notes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if "@odata." not in name}
