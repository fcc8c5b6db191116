"""Entra's refusals at sign-in: AADSTS numbers with their status, error and words (platform.md B1)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_SHAPES: dict[int, tuple[int, str, str]] = {
    7000215: (
        401,
        "invalid_client",
        (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            "not the client secret ID, for a secret added to app '{app}'."
        ),
    ),
    7000222: (
        401,
        "invalid_client",
        (
            "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys "
            "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
            "security: https://aka.ms/certCreds."
        ),
    ),
    7000218: (
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000229: (
        401,
        "invalid_client",
        (
            "The client application {app} is missing service principal in the tenant {tenant}. See instructions here: "
            "https://go.microsoft.com/fwlink/?linkid=2225119"
        ),
    ),
    7000112: (400, "unauthorized_client", "Application '{app}'({name}) is disabled."),
    700016: (
        400,
        "unauthorized_client",
        (
            "Application with identifier '{app}' was not found in the directory 'Sandbox'. This can happen if the "
            "application has not been installed by the administrator of the tenant or consented to by any user in the "
            "tenant. You may have sent your authentication request to the wrong tenant."
        ),
    ),
    700027: (401, "invalid_client", "The certificate with identifier used to sign the client assertion is not valid."),
    700213: (401, "invalid_client", "No matching federated identity record found for presented assertion subject."),
    53003: (
        400,
        "access_denied",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    501051: (
        400,
        "invalid_grant",
        "Application '{app}'({name}) is not assigned to a role for '{resource}'.",
    ),
    500011: (
        400,
        "invalid_resource",
        (
            "The resource principal named {resource} was not found in the tenant named Sandbox. This can happen if the "
            "application has not been installed by the administrator of the tenant or consented to by any user in the "
            "tenant. You might have sent your authentication request to the wrong tenant."
        ),
    ),
    1002012: (
        400,
        "invalid_scope",
        (
            "The provided value for scope {resource} is not valid. Client credential flows must have a scope with "
            "/.default suffixed to the resource identifier (application ID URI)."
        ),
    ),
    90002: (
        400,
        "invalid_tenant",
        (
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud."
        ),
    ),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{resource}'."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{resource}'."),
    70008: (400, "invalid_grant", "The provided authorization code or refresh token has expired or is not known."),
    50034: (400, "invalid_grant", "The user account {name} does not exist in the directory."),
    50011: (
        400,
        "invalid_request",
        "The redirect URI '{resource}' does not match the ones of the application '{app}'.",
    ),
}


@dataclass(eq=False)
class Refusal(Exception):
    """One refusal; `number` is the AADSTS code. Any other number is an interaction_required of 400."""

    number: int
    app: str = ""
    tenant: str = ""
    resource: str = ""
    name: str = ""

    @property
    def status(self) -> int:
        return _SHAPES.get(self.number, (400, "", ""))[0]

    def body(self, *, now: datetime, correlation_id: str) -> dict[str, Any]:
        """Give Entra's JSON."""
        _, error, words = _SHAPES.get(self.number, (400, "access_denied", "Sign-in was refused."))
        said = words.format(app=self.app, tenant=self.tenant, resource=self.resource, name=self.name)
        trace, stamp = str(uuid.uuid4()), now.strftime("%Y-%m-%d %H:%M:%SZ")
        tail = f"Trace ID: {trace} Correlation ID: {correlation_id} Timestamp: {stamp}"
        return {
            "error": error,
            "error_description": f"AADSTS{self.number}: {said} {tail}",
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation_id,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
