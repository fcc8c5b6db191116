"""What implementations of automatic kinds start from; a kind overrides what it can do better."""

from abc import ABC, abstractmethod

from rotation.domain.capability import Check, Description
from rotation.domain.delivery import Capabilities, Found, Plan, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import Described


class AutomaticIntegration[Settings: Described](ABC):
    """
    A kind that programs deliver to (`ports.integration.Integration`).

    A subclass says how its settings are read (`settings`), and implements `check`, `deliver` and `verify`.
    """

    def __init__(self, services: IntegrationServices, capabilities: Capabilities) -> None:
        self._services = services
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """What this kind can do with the destination's settings."""
        return self._capabilities

    @abstractmethod
    def settings(self, of: Destination) -> Settings:
        """
        Read the destination's settings.

        Raises:
            Misconfigured: Every problem.
        """

    def describe(self, to: Destination) -> Description:
        """Say what the settings say."""
        return self.settings(to).describe()

    @abstractmethod
    async def check(self, to: Destination) -> Check:
        """See the port."""

    async def plan(self, to: Destination, shipment: Shipment, text: SecretText) -> Plan:
        """Say that one value is replaced, unless it is there already."""
        verdict = await self.verify(to, shipment, text)
        if verdict.found is Found.CURRENT:
            return Plan(signed_in=verdict.signed_in)
        holds = f"; it holds: {verdict.found}. {verdict.why}".rstrip(". ")
        change = f"replace the secret at {self.describe(to).where}{holds}"
        return Plan(changes=(change,), signed_in=verdict.signed_in)

    @abstractmethod
    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """See the port."""

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:  # noqa: B027  # mostly none
        """Do nothing: what is written is used."""

    @abstractmethod
    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """See the port."""

    async def cleanup(self, at: Destination, shipment: Shipment) -> None:  # noqa: B027  # mostly none
        """Do nothing: nothing is left behind."""
