"""The channels that people are told through."""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from rotation.configurations import LoadedConfigurations
from rotation.domain.audience import Audience
from rotation.domain.policy import Configuration
from rotation.ports.notices import Message
from rotation.ports.vault import Vault

if TYPE_CHECKING:
    from rotation.notifications.mail import Mail, SendMail


class ConfiguredMail:
    """Mail from the mailbox, and through the server, that the configuration names now; both may change while we run."""

    name = "mail"

    def __init__(
        self,
        graph: "SendMail",
        configurations: LoadedConfigurations,
        *,
        vault: Vault,
        trusted: Callable[[], ssl.SSLContext],
    ) -> None:
        self._graph, self._configurations, self._vault, self._trusted = graph, configurations, vault, trusted

    def reaches(self, audience: Audience) -> bool:
        latest = self._configurations.latest
        return _mail(self._graph, latest.sender if latest else None).reaches(audience)

    async def send(self, audience: Audience, message: Message) -> None:
        configuration = await self._configurations.current()
        await _mail(self._through(configuration), configuration.sender).send(audience, message)

    def _through(self, configuration: Configuration) -> "SendMail":
        if configuration.smtp is None:
            return self._graph
        from rotation.notifications.smtp import SmtpMail  # noqa: PLC0415  # loaded where mails go out that way

        return SmtpMail(self._vault, configuration.smtp, trusted=self._trusted)


def _mail(send_mail: "SendMail", sender: str | None) -> "Mail":
    from rotation.notifications.mail import Mail  # noqa: PLC0415  # templates and calendars: most nights tell nobody

    return Mail(send_mail, sender=sender)
