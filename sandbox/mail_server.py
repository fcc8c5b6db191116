"""A mail server (aiosmtpd) that lets one user in over TLS, keeps what it is sent, and misbehaves when told."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.entra.mails import read_mime

type Failure = Literal["denied", "throttled", "unavailable", "lost"]
"""`lost`: the mail is kept, and the line is cut before the answer."""

ANSWERS: Mapping[str, str] = {
    "denied": "550 5.7.60 Client does not have permissions to send as this sender",
    "throttled": "450 4.5.127 Message rejected. Excessive message rate from sender",
    "unavailable": "451 4.3.0 Try again later",
}
"""As Exchange and Azure Communication Services word them."""


class MailServer:
    """Listens on a free port of 127.0.0.1 between `start` and `stop`, in the loop that starts it."""

    def __init__(
        self,
        certificate: ssl.SSLContext,
        keep: Callable[[dict[str, Any]], None],
        *,
        user: tuple[str, str],
        implicit_tls: bool = False,
    ) -> None:
        self._certificate = certificate
        self._keep = keep
        self._user = user
        self._implicit_tls = implicit_tls
        self._server: asyncio.Server | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.failures: list[Failure] = []
        self.refused: set[str] = set()
        """Addresses that it does not take."""

    async def start(self) -> None:
        encrypted = self._certificate if self._implicit_tls else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=self._socket, ssl=encrypted)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            await self._server.wait_closed()
        self._socket.close()

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see that the line is encrypted from the start
            return SMTP(
                self,
                hostname="localhost",
                tls_context=None if self._implicit_tls else self._certificate,
                require_starttls=not self._implicit_tls,
                auth_required=True,
                auth_require_tls=not self._implicit_tls,
                authenticator=self._authenticate,
            )

    def _authenticate(self, *given: object) -> AuthResult:
        """Let the one user in. aiosmtpd gives server, session, envelope, mechanism and what was told."""
        told = given[-1]
        known = isinstance(told, LoginPassword) and (told.login.decode(), told.password.decode()) == self._user
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(self, *given: Any) -> str:  # noqa: N802  # aiosmtpd finds it by this name
        """Take a sender, unless the next mail shall fail."""
        _server, _session, envelope, address, options = given
        if self.failures and self.failures[0] != "lost":
            return ANSWERS[self.failures.pop(0)]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802  # as above
        """Take a recipient, unless it is refused."""
        _server, _session, envelope, address, options = given
        if address in self.refused:
            return "550 5.1.1 Mailbox does not exist"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """Keep a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self._keep({"from": envelope.mail_from, "to": list(envelope.rcpt_tos), "message": read_mime(content)})
        if self.failures:
            self.failures.pop(0)
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 2.0.0 Kept"
