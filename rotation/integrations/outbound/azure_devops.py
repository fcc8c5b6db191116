"""Ask Azure DevOps, as our own identity or with a personal access token (integrations.md B2, rows 4 and 5)."""

import base64
import re
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from rotation.domain.errors import AccessDenied, DestinationGone, DestinationRefused
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import Identity, Token, connection_of
from rotation.integrations.outbound.bodies import body_of, object_in
from rotation.integrations.outbound.wire import Answer, Call, send
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import KindSettings
from rotation.integrations.whole_object import Whole

SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps, as a resource that Entra issues tokens for."""
LOST_RACE = frozenset({409, 412})
SIGN_IN_PAGE = frozenset({203, 302})
"""What a token that is not known gets instead of 401: an HTML page, or the way to it."""
LARGEST_OBJECT = 4 * 1024 * 1024
_ADDRESS = re.compile(r"https://[^/\s?#@]+(/[^/\s?#@]+)*/?")
_MICROSOFTS = re.compile(r"https://(dev\.azure\.com|[^/.]+\.visualstudio\.com)(/|$)", re.IGNORECASE)


def _organization(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("an organisation's address looks like https://dev.azure.com/contoso")
    return text.rstrip("/")


class AzureDevOpsSettings(KindSettings):
    """Where something lies in Azure DevOps."""

    organization: Annotated[str, AfterValidator(_organization)]
    """Address of the organisation, or of a collection of Azure DevOps Server."""
    project: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^/\\?#]+$")]
    """Name or id of the project."""
    private_network: bool = False
    """Let the host have a private address (Azure DevOps Server); link-local and metadata addresses never."""

    @property
    def home(self) -> str:
        """Address of the project."""
        return f"{self.organization}/{quote(self.project, safe='')}"


class AzureDevOps:
    """Reads and replaces objects, signed in as the destination says."""

    def __init__(self, services: IntegrationServices, settings: AzureDevOpsSettings, of: Destination) -> None:
        self._services, self._settings, self._destination = services, settings, of

    async def get(self, url: str) -> Whole:
        """
        Read an object.

        Raises:
            DestinationGone: There is none; Azure DevOps may say so with 200 and `null`.
        """
        call = self._call("GET", url)
        answer = await self._send(call)
        if answer.body.strip() == b"null":
            raise DestinationGone(f"{call.host} knows no such object: is the id right?", host=call.host)
        return Whole(content=object_in(answer, call))

    async def put(self, url: str, whole: Whole) -> bool:
        """Replace an object; False where somebody else changed it meanwhile."""
        call = self._call("PUT", url)
        return (await self._send(replace(call, body=body_of(whole.content)))).status not in LOST_RACE

    def _call(self, method: Literal["GET", "PUT"], url: str) -> Call:
        return Call(
            method=method,
            url=url,
            headers={"accept": "application/json"},
            private_network=self._settings.private_network,
            answers=SIGN_IN_PAGE | (LOST_RACE if method == "PUT" else frozenset()),
            denied="is our identity (or the token's user) in the organisation, and an administrator of this object?",
            gone="are organisation, project and id right?",
            largest=LARGEST_OBJECT,
        )

    async def _send(self, call: Call) -> Answer:
        signed = _signed(call, await self._token(), basic=self._by_token is not None)
        answer = await send(signed, self._services.open_client, now=self._services.clock.now())
        if answer.status in SIGN_IN_PAGE:
            raise AccessDenied(
                f"{call.host} answers {answer.status}, its sign-in page: the token is expired, revoked or of another "
                "organisation",
                host=call.host,
                status=answer.status,
            )
        return answer

    @property
    def _by_token(self) -> Token | None:
        found = connection_of(self._destination, Identity, Token)
        return found if isinstance(found, Token) else None

    async def _token(self) -> SecretText:
        if self._by_token is not None:
            return await self._services.connection_secret(self._by_token.secret)
        if _MICROSOFTS.match(self._settings.organization) is None:
            raise DestinationRefused(
                f"{self._settings.organization} is not Microsoft's: our identity's token goes to dev.azure.com and "
                "visualstudio.com only; use a connection of type token",
                reason="address-not-allowed",
            )
        return await self._services.token(SCOPE)


def _signed(call: Call, token: SecretText, *, basic: bool) -> Call:
    """Sign in: a personal access token is the password of a user without a name."""
    pair = base64.b64encode(f":{token.reveal()}".encode()).decode()
    headers = {**call.headers, "authorization": f"Basic {pair}" if basic else f"Bearer {token.reveal()}"}
    return replace(call, headers={**headers, "content-type": "application/json"} if call.body else headers)
