"""Destinations in dictionaries: one automatic, one that cannot be read, one that is a person."""

from dataclasses import dataclass, field
from datetime import timedelta

from rotation.domain.delivery import (
    Capabilities,
    DeliveryMode,
    FormField,
    Found,
    HandOff,
    Level,
    Receipt,
    Shipment,
    Verdict,
)
from rotation.domain.errors import BrokenInvariant
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from tests.fakes.mishaps import Mishaps, outcome_unknown

QUESTIONS = ("Did you test the connection?", "Did you save?")


@dataclass(slots=True)
class Kept:
    """What one destination holds."""

    key_id: KeyId
    text: SecretText
    times: int = 1


@dataclass(slots=True)
class MemoryIntegration:
    """One kind; `automatic` reads back, `blind` cannot, `person` is handed off."""

    kind: str
    stores: dict[DestinationName, Kept] = field(default_factory=dict)
    mishaps: Mishaps = field(default_factory=lambda: Mishaps(lost=outcome_unknown))
    restarts: bool = False
    forgets: bool = False
    """Takes everything and goes on showing what was there before."""

    @property
    def capabilities(self) -> Capabilities:
        mode = DeliveryMode.ASSISTED if self.kind == "person" else DeliveryMode.AUTOMATIC
        level = Level.STORED if self.kind == "automatic" else Level.ACCEPTED
        return Capabilities(mode=mode, level=level, settles_in=timedelta(0), restarts=self.restarts)

    def hand_off(self, to: Destination, shipment: Shipment) -> HandOff | None:
        if self.kind != "person":
            return None
        fields = (FormField(label="Client Secret Value", value=shipment.secret_id, link=True),)
        return HandOff(
            title=f"Paste into {to.name}", where="the portal", fields=fields, checklist=("Save",), questions=QUESTIONS
        )

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        if self.kind == "person":
            raise BrokenInvariant("a person's destination is never delivered to by us")

        async def act() -> Receipt:
            before = self.stores.get(to.name)
            same = before is not None and before.key_id == shipment.key_id
            self.stores[to.name] = Kept(shipment.key_id, text, times=before.times + 1 if same and before else 1)
            return Receipt(reference=f"{to.name}/{shipment.version}")

        return await self.mishaps.around("deliver", act)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        async def act() -> Verdict:
            if self.kind != "automatic":
                return Verdict(found=Found.UNKNOWABLE, why="it cannot be read")
            kept = self.stores.get(at.name)
            if kept is None or self.forgets:
                return Verdict(found=Found.ABSENT)
            if kept.text == text:
                return Verdict(found=Found.CURRENT, level=Level.STORED)
            return Verdict(found=Found.OLDER)

        return await self.mishaps.around("verify", act)


class MemoryIntegrations:
    """The kinds `automatic`, `blind` and `person`."""

    def __init__(self) -> None:
        self.kinds = {kind: MemoryIntegration(kind) for kind in ("automatic", "blind", "person")}

    def of(self, destination: Destination) -> MemoryIntegration:
        return self.kinds[destination.kind]
