"""Send a mail through a mail server (RFC 5321), always encrypted; Azure Communication Services has one too."""

import logging
import ssl
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import aiosmtplib

from rotation.domain.audience import Security, SmtpServer
from rotation.domain.errors import AccessDenied, Misconfigured, RotationError, Throttled, Unavailable
from rotation.notifications.vault_text import newest
from rotation.ports.vault import Vault

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=30)
TOO_MANY = frozenset({421, 450, 452})
"""Come back later: too many connections, mailbox busy, too much at once (RFC 5321, 4.2.3)."""
NOT_SIGNED_IN = frozenset({530, 534, 535, 538})
"""RFC 4954, 6."""
LASTING = 500


class SmtpMail:
    """Sends through one server; the password is read from the vault each time."""

    def __init__(self, vault: Vault, server: SmtpServer, *, trusted: Callable[[], ssl.SSLContext]) -> None:
        self._vault = vault
        self._server = server
        self._trusted = trusted

    async def __call__(self, sender: str, mail: EmailMessage) -> None:
        """
        Send *mail* as *sender*.

        Raises:
            Throttled, Unavailable: Later.
            AccessDenied: The server does not let us in, or not send as *sender*.
            Misconfigured: It takes none of the addresses, or not the mail; or no password lies in the vault.
        """
        whom = f"the mail server {self._server.host}:{self._server.port}"
        failure: RotationError | None = None
        try:
            refused, _said = await aiosmtplib.send(
                mail,
                sender=sender,
                hostname=self._server.host,
                port=self._server.port,
                username=self._server.user,
                password=await self._password(),
                use_tls=self._server.security is Security.TLS,
                start_tls=self._server.security is Security.STARTTLS,
                tls_context=self._trusted(),
                timeout=TIMEOUT.total_seconds(),
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            failure = _meaning(error, whom)
        if failure is not None:
            raise failure
        if refused:
            log.warning("mail.partly-refused", extra={"server": self._server.host, "addresses": len(refused)})

    async def _password(self) -> str | None:
        name = self._server.password_secret
        if name is None:
            return None
        missing = Misconfigured([f"reminders.smtp: no vault secret {name!r} with the password"])
        return (await newest(self._vault, name, missing=missing)).reveal()


def _meaning(error: Exception, whom: str) -> RotationError:
    """Say what to do next; never with the exception itself, which may keep what was sent."""
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return Misconfigured([f"{whom} shows a certificate that is not trusted"])
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=recipients):
            codes = {each.code for each in recipients}
            said = f"{whom} takes none of the addresses ({', '.join(map(str, sorted(codes)))})"
            return Unavailable(said) if min(codes) < LASTING else Misconfigured([said])
        case aiosmtplib.SMTPResponseException(code=code) if code in TOO_MANY:
            return Throttled(f"{whom} answers {code}")
        case aiosmtplib.SMTPResponseException(code=code) if code in NOT_SIGNED_IN:
            return AccessDenied(f"{whom} does not let us in ({code})", status=code)
        case aiosmtplib.SMTPSenderRefused(code=code) if code >= LASTING:
            return AccessDenied(f"{whom} does not let us send as this sender ({code})", status=code)
        case aiosmtplib.SMTPResponseException(code=code) if code >= LASTING:
            return Misconfigured([f"{whom} answers {code}"])
        case aiosmtplib.SMTPResponseException(code=code):
            return Unavailable(f"{whom} answers {code}")
        case _:
            return Unavailable(f"{whom} gave no answer ({type(error).__name__})")
