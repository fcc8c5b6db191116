"""Deliver to a program on a server: its file, or its Windows credential."""

from typing import Protocol

from rotation.domain.capability import Check
from rotation.domain.delivery import Capabilities, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.agent.credentials import CredentialKeeper
from rotation.integrations.kinds.agent.file_settings import FileSettings
from rotation.integrations.kinds.agent.files import FileKeeper
from rotation.integrations.kinds.agent.settings import AgentSettings
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


class Keeper(Protocol):
    """What keeps one destination's secret."""

    async def check(self) -> Check:
        """Look, changing nothing."""

    async def deliver(self, shipment: Shipment, text: SecretText) -> Receipt:
        """Put it there, once."""

    async def activate(self, shipment: Shipment) -> None:
        """Let the program use it."""

    async def verify(self, shipment: Shipment, text: SecretText) -> Verdict:
        """Look what it holds."""

    async def cleanup(self, shipment: Shipment) -> None:
        """Remove what the delivery left."""


class AgentIntegration(AutomaticIntegration[AgentSettings]):
    """A program on a server."""

    def settings(self, of: Destination) -> AgentSettings:
        """Read them."""
        return read(AgentSettings, of)

    async def check(self, to: Destination) -> Check:
        """Look with the eyes of whoever will deliver."""
        return await self._keeper(to).check()

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Put it where the program keeps it."""
        return await self._keeper(to).deliver(shipment, text)

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:  # noqa: ARG002 - the port's
        """Restart the service, once."""
        await self._keeper(at).activate(shipment)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Read it back there."""
        return await self._keeper(at).verify(shipment, text)

    async def cleanup(self, at: Destination, shipment: Shipment) -> None:
        """Remove backups and run commands."""
        await self._keeper(at).cleanup(shipment)

    def _keeper(self, of: Destination) -> Keeper:
        settings = self.settings(of).root
        if isinstance(settings, FileSettings):
            return FileKeeper(self._services, settings, of)
        return CredentialKeeper(self._services, settings, of)


def make(services: IntegrationServices, capabilities: Capabilities) -> AgentIntegration:
    """Make the implementation of `agent`."""
    return AgentIntegration(services, capabilities)
