"""Ask the sign-in service whether a secret opens the door (platform.md A7, B1, B2)."""

import json
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity.aio import ClientSecretCredential

from rotation.adapters.azure_errors import BROKEN, TOO_MANY, retry_after
from rotation.adapters.transport import MeasuredTransport
from rotation.domain.errors import AccessDenied, Throttled, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText
from rotation.ports.sign_in import Accepted, NotAccepted, SignInAnswer, Unprovable

NOT_ACCEPTED = frozenset({7000215, 7000222, 7000216, 7000219, 7000220, 7000221, 7000223})
"""What is wrong is the secret: wrong or not replicated (215), expired (222), and its rarer relatives."""
TRANSIENT = frozenset({90033, 90006, 90024, 90025, 50196, 90055})
"""The service itself is in trouble, or takes us for a loop."""


class EntraSignIn:
    """
    Sign in by client credentials, once a proof, with a credential object and a connection of its own.

    Tokens are cached by client id and not by secret, so a shared object would prove the old one (platform.md B2).

    Args:
        scope: Of the token that is asked for and thrown away; any application may have one for Graph.
        authority: Host of the sign-in service; AZURE_AUTHORITY_HOST or the global one by default.
    """

    def __init__(self, tenant_id: str, *, scope: str, authority: str | None = None) -> None:
        self._tenant_id = tenant_id
        self._scope = scope
        self._authority: dict[str, Any] = {"authority": authority} if authority else {}

    async def prove(self, client_id: ClientId, text: SecretText) -> SignInAnswer:
        """Sign in once; see the port. An AADSTS code that is not about the secret is Unprovable with that code."""
        try:
            await self._sign_in(client_id, text)
        except AzureError as error:
            outcome = _outcome(error, client_id)
        else:
            return Accepted()
        if isinstance(outcome, NotAccepted | Unprovable):
            return outcome
        raise outcome

    async def token_as(self, client_id: ClientId, text: SecretText, scope: str) -> SecretText:
        """
        Sign in for *scope*, and give the token.

        Raises:
            AccessDenied: The service refuses, with its code.
            Retryable: It did not answer the question.
        """
        try:
            return await self._sign_in(client_id, text, scope=scope)
        except AzureError as error:
            outcome = _outcome(error, client_id)
        if isinstance(outcome, NotAccepted | Unprovable):
            raise AccessDenied(f"AADSTS{outcome.code}", reason="sign-in-refused", client_id=client_id)
        raise outcome

    async def _sign_in(self, client_id: ClientId, text: SecretText, *, scope: str = "") -> SecretText:
        credential = ClientSecretCredential(
            self._tenant_id, client_id, text.reveal(), retry_total=0, **self._authority, transport=MeasuredTransport()
        )
        async with credential:
            return SecretText((await credential.get_token(scope or self._scope)).token)


def _outcome(error: AzureError, client_id: ClientId) -> NotAccepted | Unprovable | Throttled | Unavailable:
    """Read the service's JSON, never the message: texts change. Anything without a code says nothing of the secret."""
    if not isinstance(error, ClientAuthenticationError | HttpResponseError) or error.response is None:
        return Unavailable(f"sign-in: no answer ({type(error).__name__})", client_id=client_id)
    status = error.response.status_code or 0
    codes = _codes(error)
    if status == TOO_MANY:
        return Throttled("sign-in: asked to wait", retry_after=retry_after(error), client_id=client_id)
    if status >= BROKEN or not codes or not TRANSIENT.isdisjoint(codes):
        return Unavailable(f"sign-in: {status} {codes or 'without a code'}", client_id=client_id)
    refused = next((code for code in codes if code in NOT_ACCEPTED), None)
    return NotAccepted(refused) if refused is not None else Unprovable(codes[0])


def _codes(error: HttpResponseError) -> list[int]:
    try:
        told = json.loads(error.response.text()).get("error_codes") or []  # type: ignore[union-attr]
    except (ValueError, AttributeError):
        return []
    return [int(code) for code in told]
