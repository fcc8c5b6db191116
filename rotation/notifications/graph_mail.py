"""Send a mail by Graph's sendMail (platform.md F); 202 means accepted, not delivered."""

import base64
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import quote

from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

from rotation.domain.errors import AccessDenied, Unavailable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from rotation.notifications.wire import OpenClient


class GraphMail:
    """Sends as the mailbox that Exchange's role assignment permits (RBAC for Applications)."""

    def __init__(self, credential: "AsyncTokenCredential", open_client: "OpenClient", *, graph_url: str) -> None:
        self._credential = credential
        self._open_client = open_client
        self._graph_url = graph_url.rstrip("/")
        self._scope = f"{self._graph_url}/.default"

    async def __call__(self, sender: str, mail: EmailMessage) -> None:
        """
        Send *mail* as *sender*, an address or object id; as MIME, which alone takes HTML and text together.

        Raises:
            Throttled, Unavailable, AccessDenied, Misconfigured: As `notifications.wire.post`.
        """
        from rotation.notifications.wire import post  # noqa: PLC0415  # loads httpx, with the first mail

        await post(
            self._open_client,
            f"{self._graph_url}/v1.0/users/{quote(sender, safe='@')}/sendMail",
            headers={"authorization": f"Bearer {await self._token()}", "content-type": "text/plain"},
            content=base64.b64encode(mail.as_bytes()),
            whom=f"Graph's sendMail as {sender}",
        )

    async def _token(self) -> str:
        try:
            return (await self._credential.get_token(self._scope)).token
        except ClientAuthenticationError as error:
            raise AccessDenied(f"our identity cannot sign in to Graph for mail: {error.message}") from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise Unavailable(f"the sign-in service does not answer: {error.message}") from error
