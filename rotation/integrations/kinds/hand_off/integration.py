"""Prepare a hand-off. Nothing is sent: the person fetches the value from the vault by its version."""

from rotation.domain.capability import Check, Description, Readiness
from rotation.domain.delivery import Capabilities, Found, Plan, Receipt, Shipment, Verdict
from rotation.domain.errors import BrokenInvariant, DestinationRefused
from rotation.domain.identifiers import is_guid
from rotation.domain.policy import DAY, Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kinds.hand_off.preflight import look
from rotation.integrations.kinds.hand_off.preset import Preset, gaps
from rotation.integrations.kinds.hand_off.settings import HandOffSettings
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read


class HandOffIntegration:
    """A person and a form."""

    def __init__(self, services: IntegrationServices, capabilities: Capabilities) -> None:
        self._services = services
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """What this preset can do."""
        return self._capabilities

    def describe(self, to: Destination) -> Description:
        """Name the form's place."""
        return read(HandOffSettings, to).describe()

    async def check(self, to: Destination) -> Check:
        """Say that only a person can look."""
        read(HandOffSettings, to)
        return Check(readiness=Readiness.UNKNOWN, why="a person serves it; nothing there can be asked")

    async def plan(
        self,
        to: Destination,
        shipment: Shipment,
        text: SecretText,
    ) -> Plan:
        """
        Look at what the product would look at, and fill in the form.

        Raises:
            DestinationRefused: The product would refuse it, or it is another application's place: told before a
                person is bothered.
        """
        preset = read(HandOffSettings, to).root
        self._check(preset, shipment)
        found = await look(preset.preflight(), self._services, shipment, text=text)
        filled = preset.form().fill(gaps(shipment) | dict(preset.gaps(shipment.remembered)))
        return Plan(hand_off=filled, warnings=tuple(found.warnings), signed_in=found.signed_in)

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:
        """Do nothing: the person does."""

    async def cleanup(self, at: Destination, shipment: Shipment) -> None:
        """Do nothing: nothing was left."""

    async def deliver(
        self,
        to: Destination,
        shipment: Shipment,
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Receipt:
        """Refuse: what a person delivers is never sent, and no worker has the text for it."""
        raise BrokenInvariant(
            f"{to.name} is served by a person; nothing is sent there",
            destination=to.name,
            rotation=str(shipment.rotation),
        )

    async def verify(
        self,
        at: Destination,
        shipment: Shipment,
        text: SecretText,  # noqa: ARG002  # the port's signature
    ) -> Verdict:
        """Say that nobody can look; sign-ins with the key id show the switch."""
        read(HandOffSettings, at)
        why = f"there is no way to look; sign-ins with key id {shipment.key_id} will show it"
        return Verdict(found=Found.UNKNOWABLE, why=why)

    def _check(self, preset: Preset, shipment: Shipment) -> None:
        expected = preset.expected_client_id()
        if expected is not None and expected != shipment.client_id.lower():
            raise DestinationRefused(
                f"this place takes the secrets of client id {expected}, and this one is of {shipment.client_id} "
                f"({shipment.application_name})",
                reason="another-application",
                expected=expected,
                client_id=shipment.client_id,
            )
        for what, text in (("client id", shipment.client_id), ("tenant id", shipment.tenant_id)):
            if not is_guid(text):
                raise DestinationRefused(f"the {what} is no GUID: {text[:80]!r}", reason="not-a-guid")
        if (shipment.end_at - DAY).date() <= self._services.clock.now().date():
            raise DestinationRefused(
                f"the new secret ends at {shipment.end_at.isoformat()}: a form takes no date that is not to come",
                reason="ends-too-soon",
            )


def make(services: IntegrationServices, capabilities: Capabilities) -> HandOffIntegration:
    """Make the implementation of `hand-off`."""
    return HandOffIntegration(services, capabilities)
