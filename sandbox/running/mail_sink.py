"""`MailSink`: a mail server beside the cloud; what it takes lies in the same inbox as Graph's mails."""

import asyncio
import secrets
import ssl
import threading
from typing import Any, Self

from sandbox.cloud import Cloud
from sandbox.mail_server import MailServer

USER = "rotation"
PASSWORD_SECRET = "smtp-password"  # its name in the first vault
_PATIENCE = 10.0


class MailSink:
    """Runs between `__enter__` and `__exit__`, in a thread of its own; `settings` is `reminders.smtp` for it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-sink", daemon=True)
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.load_cert_chain(cloud.cert_file, cloud.key_file)
        password = f"CANARY-{secrets.token_urlsafe(16)}"
        cloud.vaults["vault"].seed(PASSWORD_SECRET, password)
        self._server = MailServer(certificate, self._keep, user=(USER, password))

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "host": "localhost",
            "port": self._server.port,
            "security": "starttls",
            "user": USER,
            "password_secret": PASSWORD_SECRET,
        }

    def environment(self) -> dict[str, str]:
        """Give what `sandbox/.run/env` says of it."""
        return {
            "SANDBOX_SMTP_HOST": "localhost",
            "SANDBOX_SMTP_PORT": str(self._server.port),
            "SANDBOX_SMTP_USER": USER,
            "SANDBOX_SMTP_PASSWORD_SECRET": PASSWORD_SECRET,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(_PATIENCE)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(_PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def _keep(self, mail: dict[str, Any]) -> None:
        at = self._cloud.clock.now().isoformat()
        self._cloud.entra.truth.mails.append({"at": at, "by": "smtp", **mail})
