"""Destinations in dictionaries: automatic, unreadable, a person, and one that fetches from the vault when told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from rotation.domain.capability import Activation, Check, Description, ReadBack, Readiness
from rotation.domain.delivery import (
    Capabilities,
    DeliveryMode,
    FormField,
    Found,
    HandOff,
    Level,
    Plan,
    Receipt,
    Shipment,
    Verdict,
)
from rotation.domain.errors import BrokenInvariant, DestinationRefused
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from tests.fakes.mishaps import Mishaps, outcome_unknown

QUESTIONS = ("Did you test the connection?", "Did you save?")


type Shelf = tuple[DestinationName, str]


@dataclass(slots=True)
class Kept:
    """What one destination holds."""

    key_id: KeyId
    text: SecretText
    times: int = 1
    ulid: str = ""
    """Of the rotation that it came from; empty: somebody else put it there."""


@dataclass(slots=True)
class MemoryIntegration:
    """
    One kind; `automatic` reads back, `blind` cannot, `person` is handed off, `reference` uses the new one when told.

    Crueller than the real thing: a reference goes on with the old secret until `activate`, however often it was
    delivered to; `forgets` takes everything and shows nothing; a repeated call does it twice.
    """

    kind: str
    shelves: dict[Shelf, Kept] = field(default_factory=dict)
    mishaps: Mishaps = field(default_factory=lambda: Mishaps(lost=outcome_unknown))
    restarts: bool = False
    activation: Activation = Activation.NONE
    activated: dict[DestinationName, int] = field(default_factory=dict)
    """How often each destination was told to use what it was given."""
    cleaned: dict[DestinationName, int] = field(default_factory=dict)
    offered: dict[Shelf, Kept] = field(default_factory=dict)
    """What a reference would fetch, once it is told to."""
    between: Callable[[Destination], Awaitable[None]] = field(default=lambda _to: asyncio.sleep(0))
    """What happens between the reading of a resource and the writing of it, whole: others' values get lost there."""
    forgets: bool = False
    """Takes everything and goes on showing what was there before."""
    hung: set[DestinationName] = field(default_factory=set)
    """Destinations that never answer."""
    signs_in: bool = False
    """Its look signs in with the secret."""
    answers: dict[DestinationName, Check | Exception] = field(default_factory=dict)
    """What a check of these finds, or raises."""
    checked: list[DestinationName] = field(default_factory=list)
    secretless: str = ""
    unsure: bool = False
    """Its look finds nothing out."""
    looking: Callable[[Destination], Awaitable[None]] = field(default=lambda _at: asyncio.sleep(0))
    """What happens while it looks."""
    stale: Callable[[], bool] = field(default=lambda: False)
    """A look that is answered from before."""

    @property
    def stores(self) -> dict[DestinationName, Kept]:
        """Give what was put last at each destination."""
        return {name: kept for (name, _line), kept in self.shelves.items()}

    @property
    def capabilities(self) -> Capabilities:
        modes = {"person": DeliveryMode.ASSISTED, "reference": DeliveryMode.REFERENCE}
        level = self._level if self._readable else Level.ACCEPTED
        reads_back = ReadBack.VALUE if self._readable else ReadBack.NONE
        mode = modes.get(self.kind, DeliveryMode.AUTOMATIC)
        activation = Activation.EXPLICIT if self.kind == "reference" else self.activation
        return Capabilities(
            mode=mode, level=level, reads_back=reads_back, restarts=self.restarts, activation=activation
        )

    @property
    def _level(self) -> Level:
        return Level.AUTHENTICATES if self.signs_in else Level.STORED

    async def _answer(self, to: Destination) -> None:
        if to.name in self.hung:
            await asyncio.Event().wait()

    @property
    def _readable(self) -> bool:
        return self.kind in {"automatic", "reference"}

    def describe(self, to: Destination) -> Description:
        return Description(where=f"{self.kind} {to.name}", secretless=self.secretless)

    async def check(self, to: Destination) -> Check:
        await self._answer(to)
        found = self.answers.get(to.name, Check(readiness=Readiness.READY))
        if isinstance(found, Exception):
            raise found
        self.checked.append(to.name)
        return await self.mishaps.around("check", partial(_given, found))

    async def plan(self, to: Destination, shipment: Shipment, text: SecretText) -> Plan:
        if self.kind != "person":
            return Plan(changes=(f"replace what {to.name} holds",))
        fields = (FormField(label="Client Secret Value", value=shipment.secret_id, link=True),)
        hand_off = HandOff(
            title=f"Paste into {to.name}", where="the portal", fields=fields, checklist=("Save",), questions=QUESTIONS
        )
        return Plan(hand_off=hand_off)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        if self.kind == "person":
            raise BrokenInvariant("a person's destination is never delivered to by us")

        async def act() -> Receipt:
            await self._answer(to)
            into = self.offered if self.kind == "reference" else self.shelves
            whole = dict(into)
            if to.resource is not None:
                await self.between(to)
            before = whole.pop(shelf_of(to, shipment), None)
            _refuse_covering(before, shipment)
            same = before is not None and before.key_id == shipment.key_id
            times = before.times + 1 if same and before else 1
            whole[shelf_of(to, shipment)] = Kept(shipment.key_id, text, times=times, ulid=shipment.rotation.ulid)
            into.clear()
            into.update(whole)
            return Receipt(reference=f"{to.name}/{shipment.version}")

        return await self.mishaps.around("deliver", act)

    async def activate(self, at: Destination, shipment: Shipment, receipt: Receipt) -> None:
        async def act() -> None:
            self.activated[at.name] = self.activated.get(at.name, 0) + 1
            if (shelf := shelf_of(at, shipment)) in self.offered:
                self.shelves[shelf] = self.offered[shelf]

        await self.mishaps.around("activate", act)

    async def cleanup(self, at: Destination, shipment: Shipment) -> None:
        async def act() -> None:
            self.cleaned[at.name] = self.cleaned.get(at.name, 0) + 1

        await self.mishaps.around("cleanup", act)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        async def act() -> Verdict:
            await self._answer(at)
            await self.looking(at)
            if self.unsure or not self._readable:
                return Verdict(found=Found.UNKNOWABLE, why="it cannot be read")
            kept = self.shelves.get(shelf_of(at, shipment))
            if kept is None or self.forgets or self.stale():
                return Verdict(found=Found.ABSENT)
            if kept.text == text:
                return Verdict(found=Found.CURRENT, level=self._level, signed_in=self.signs_in)
            return Verdict(found=Found.OLDER, foreign=not kept.ulid, signed_in=self.signs_in)

        return await self.mishaps.around("verify", act)


def shelf_of(to: Destination, shipment: Shipment) -> Shelf:
    """Find the place of one line: several may share a destination."""
    return to.name, f"{shipment.application}|{shipment.line}"


def _refuse_covering(before: Kept | None, shipment: Shipment) -> None:
    if before is not None and before.ulid > shipment.rotation.ulid and not shipment.going_back:
        raise DestinationRefused("a newer secret is there", reason="newer-is-there")


async def _given(found: Check) -> Check:
    return found


class MemoryIntegrations:
    """The kinds `automatic`, `blind`, `person` and `reference`."""

    def __init__(self) -> None:
        self.kinds = {kind: MemoryIntegration(kind) for kind in ("automatic", "blind", "person", "reference")}

    def of(self, destination: Destination) -> MemoryIntegration:
        return self.kinds[destination.kind]
