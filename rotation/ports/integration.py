"""One kind of place that keeps a copy of a secret."""

from typing import Protocol

from rotation.domain.capability import Check, Description
from rotation.domain.delivery import Capabilities, Plan, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText


class Integration(Protocol):
    """
    Deliver to one kind of destination, and say honestly what is there.

    Implementations are stateless between calls, know nothing of rotations, queues or other kinds, and are held to
    tests/contract/test_integrations.py. Each call ends within a minute: what takes longer is begun by one call and
    asked after by the next. Any call may come twice, and after a crash.

    Raises everywhere: Throttled, Unavailable, AccessDenied, DestinationGone, DestinationRefused.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this kind can do with the destination's settings."""
        ...

    def describe(self, to: Destination) -> Description:
        """Say in words where it leads, what it needs there, and how the consumer could do without a secret."""
        ...

    async def check(self, to: Destination) -> Check:
        """Look whether a delivery could work, without a secret and without changing anything."""
        ...

    async def plan(self, to: Destination, shipment: Shipment, text: SecretText) -> Plan:
        """
        Say what a delivery would change, changing nothing; for assisted kinds with the hand-off.

        Raises:
            DestinationRefused: The place would refuse it, found before anybody is bothered.
        """
        ...

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """
        Put the secret there; delivering one version twice is as delivering it once.

        An older secret covers a newer one of its line only where `shipment.going_back` says so. A receiver that knows
        repeats by an id is given another one for each `shipment.journey`.

        Raises:
            OutcomeUnknown: Sent, and no answer: verify settles it.
        """
        ...

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:
        """
        Make the destination use what it was given, for kinds with `Activation.EXPLICIT`; nothing for the others.

        Raises:
            NotYetVisible: Begun and not ended; ask again.
        """
        ...

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Look what the destination holds; changes nothing. What bears somebody else's marks is `foreign`."""
        ...

    async def cleanup(self, at: Destination, shipment: Shipment) -> None:
        """Remove what this delivery left behind (a backup, a run command); nothing where it left nothing."""
        ...


class Integrations(Protocol):
    """The catalogue, as workflows see it."""

    def of(self, destination: Destination) -> Integration:
        """Give the kind's implementation."""
        ...
