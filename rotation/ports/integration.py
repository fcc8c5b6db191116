"""One kind of place that keeps a copy of a secret."""

from typing import Protocol

from rotation.domain.delivery import Capabilities, HandOff, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText


class Integration(Protocol):
    """
    Deliver to one kind of destination, and say honestly what is there.

    Implementations are stateless between calls, know nothing of rotations, queues or other kinds, and are held to
    tests/contract/integration.py.

    Raises everywhere: Throttled, Unavailable, AccessDenied, DestinationGone, DestinationRefused.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this kind can do."""
        ...

    def hand_off(self, to: Destination, shipment: Shipment) -> HandOff | None:
        """Give what a person needs, for assisted kinds; None for the others."""
        ...

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """
        Put the secret there; delivering one version twice is as delivering it once.

        Raises:
            OutcomeUnknown: Sent, and no answer: verify settles it.
        """
        ...

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Look what the destination holds; changes nothing."""
        ...


class Integrations(Protocol):
    """The catalogue, as workflows see it."""

    def of(self, destination: Destination) -> Integration:
        """Give the kind's implementation."""
        ...
