"""The channels that people are told through."""

from rotation.configurations import LoadedConfigurations
from rotation.domain.policy import Audience
from rotation.notifications.graph_mail import GraphMail
from rotation.notifications.mail import Mail
from rotation.ports.notices import Message


class ConfiguredMail:
    """Mail from the mailbox that the configuration names now; it may change while we run."""

    name = "mail"

    def __init__(self, send: GraphMail, configurations: LoadedConfigurations) -> None:
        self._send, self._configurations = send, configurations

    def reaches(self, audience: Audience) -> bool:
        latest = self._configurations.latest
        return Mail(self._send, sender=latest.sender if latest else None).reaches(audience)

    async def send(self, audience: Audience, message: Message) -> None:
        configuration = await self._configurations.current()
        await Mail(self._send, sender=configuration.sender).send(audience, message)
