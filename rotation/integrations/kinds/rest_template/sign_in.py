"""How a template's requests are signed in: one header, by the connection."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from rotation.domain.errors import DestinationRefused, Misconfigured
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import ApiKey, Basic, ClientSecret, OAuthClient, Token, connection_of
from rotation.integrations.kinds.rest_template.settings import RestTemplateSettings
from rotation.integrations.outbound.wire import Call, send
from rotation.integrations.services import IntegrationServices

type Signed = Callable[[], Mapping[str, str]]
"""Makes the header when a request is sent, so that no frame keeps it."""


class _Issued(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: SecretStr


async def sign_in(services: IntegrationServices, to: Destination, settings: RestTemplateSettings) -> Signed:
    """
    Give the header that the destination's connection signs in with.

    Raises:
        AccessDenied: Its secret is not there, or its sign-in service refuses it.
    """
    match connection_of(to, Token, ApiKey, Basic, ClientSecret, OAuthClient):
        case Token(secret=secret):
            return _bearer(await services.connection_secret(secret))
        case ApiKey(header=header, secret=secret):
            text = await services.connection_secret(secret)
            return lambda: {header: text.reveal()}
        case Basic(user=user, secret=secret):
            text = await services.connection_secret(secret)
            return lambda: {"authorization": f"Basic {b64encode(f'{user}:{text.reveal()}'.encode()).decode()}"}
        case OAuthClient() as client:
            told = {"client_id": client.client_id, "audience": client.audience, "scope": client.scope}
            return _bearer(await _issued(services, settings, client.token_url, secret=client.secret, told=told))
        case ClientSecret() as client:
            if settings.scope is None:
                raise Misconfigured([f"destinations.{to.name}.scope: say what the connection asks Entra for"])
            url = f"{services.authority_host}/{client.tenant_id}/oauth2/v2.0/token"
            named = {"client_id": client.client_id, "scope": settings.scope}
            return _bearer(await _issued(services, settings, url, secret=client.secret, told=named))
        case other:
            raise AssertionError(f"the catalogue lets no {other.type} through")


def _bearer(token: SecretText) -> Signed:
    return lambda: {"authorization": f"Bearer {token.reveal()}"}


async def _issued(
    services: IntegrationServices,
    settings: RestTemplateSettings,
    url: str,
    *,
    secret: str,
    told: Mapping[str, str | None],
) -> SecretText:
    """Sign in by the client credentials grant (RFC 6749, 4.4)."""
    text = await services.connection_secret(secret)
    known = {name: value for name, value in told.items() if value} | {"grant_type": "client_credentials"}
    call = Call(
        method="POST",
        url=url,
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        body=urlencode({**known, "client_secret": text.reveal()}).encode(),
        timeout=settings.timeout_seconds,
        private_network=settings.private_network,
        reads=True,
        denied="does the connection's sign-in service know this client and its secret?",
    )
    answer = await send(call, services.open_client, now=services.clock.now())
    with suppress(ValidationError):
        return SecretText(_Issued.model_validate_json(answer.body).access_token.get_secret_value())
    raise DestinationRefused(f"{call.host} answers without a token", reason="unexpected-shape", host=call.host)
