"""Prepare a hand-off. Nothing is sent: the person fetches the value from the vault by its version."""

from rotation.domain.delivery import Capabilities, Found, HandOff, Receipt, Shipment, Verdict
from rotation.domain.errors import BrokenInvariant, DestinationRefused
from rotation.domain.identifiers import is_guid
from rotation.domain.policy import DAY, Destination
from rotation.domain.secret import SecretText
from rotation.integrations.hand_off.preset import Preset, gaps
from rotation.integrations.hand_off.settings import HandOffSettings
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.ports.clock import Clock


class HandOffIntegration:
    """A person and a form."""

    def __init__(self, clock: Clock, capabilities: Capabilities) -> None:
        self._clock = clock
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """What this preset can do."""
        return self._capabilities

    def hand_off(self, to: Destination, shipment: Shipment) -> HandOff | None:
        """
        Fill in the form.

        Raises:
            DestinationRefused: The product would refuse it, or it is another application's place: told before a
                person is bothered.
        """
        preset = read(HandOffSettings, to).root
        self._check(preset, shipment)
        return preset.form().fill(gaps(shipment) | dict(preset.gaps()))

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
        if (shipment.end_at - DAY).date() <= self._clock.now().date():
            raise DestinationRefused(
                f"the new secret ends at {shipment.end_at.isoformat()}: a form takes no date that is not to come",
                reason="ends-too-soon",
            )


def make(services: IntegrationServices, capabilities: Capabilities) -> HandOffIntegration:
    """Make the implementation of `hand-off`."""
    return HandOffIntegration(services.clock, capabilities)
