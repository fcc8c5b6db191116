"""
Send one secret to one destination: look, deliver, activate, look again, clean up; or ask a person.

What a step is about to do is saved before it does it, and every call of a kind may come twice: after a crash the
destination is asked first what it holds.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from rotation.domain.capability import Activation
from rotation.domain.delivery import (
    AwaitingPerson,
    Cancelled,
    Delivery,
    DeliveryPhase,
    Found,
    Level,
    Pending,
    Sent,
    Shipment,
    Verdict,
    Verified,
)
from rotation.domain.errors import LeaseHeld, NeedsPerson
from rotation.domain.holding import Holding
from rotation.domain.policy import Destination
from rotation.domain.rotation import Publication
from rotation.domain.secret import SecretText
from rotation.ledger import application as ledger
from rotation.ledger.turns import Turn
from rotation.ports.integration import Integration
from rotation.workflows.backing_off import back_off, too_long
from rotation.workflows.delivery_brakes import held
from rotation.workflows.delivery_notices import hand_off_notice
from rotation.workflows.errand import Errand, ship
from rotation.workflows.taking_turns import turn_at
from rotation.workflows.within import within

log = logging.getLogger(__name__)

LOOK_AT_PEOPLE = timedelta(days=1)
SATURDAY = 5


class Dispatch:
    """One errand at one destination, with the kind that serves it."""

    def __init__(self, errand: Errand, destination: Destination, publication: Publication) -> None:
        self.errand = errand
        self.destination = destination
        self.shipment: Shipment = ship(errand, publication)
        self.kind: Integration = errand.services.integrations.of(destination)
        self.turn: Turn | None = None

    async def send(self) -> datetime:
        """Leave Pending: send, or open the hand-off; give when to look again."""
        errand = self.errand
        if (until := await held(errand, self.destination)) is not None:
            return until
        text = await self._text()
        if self.kind.capabilities.assisted:
            return await self._hand_off(text)
        explicit = self.kind.capabilities.activation is Activation.EXPLICIT
        verdict = None if explicit else await self._verdict(text)
        if verdict is not None and verdict.found is Found.CURRENT:
            await self._verified(verdict)
            return errand.now
        signed_in = verdict is not None and verdict.signed_in
        await errand.save(Pending(), delivery=self._noting(signed_in), holding=self._unpinned())
        return await self._in_turn(partial(self._send, text))

    async def _send(self, text: SecretText) -> datetime:
        errand = self.errand
        if await self._superseded():
            await errand.save(Cancelled(why="a newer secret is published", at=errand.now))
            return errand.now
        await self._ready()
        receipt = await self._within(self.kind.deliver(self.destination, self.shipment, text), changes=True)
        await errand.save(Sent(receipt=receipt, sent_at=errand.now))
        return await self._look(text)

    async def look(self) -> datetime:
        """Leave Sent: activate what is not yet, and look what is there."""
        phase = self.errand.delivery.phase
        assert isinstance(phase, Sent)
        if not self._to_activate(phase):
            return await self._look(await self._text())
        if (until := await held(self.errand, self.destination)) is not None:
            return until
        return await self._in_turn(partial(self._look, await self._text()))

    async def _in_turn(self, act: Callable[[], Awaitable[datetime]]) -> datetime:
        """Let *act* write, alone at what the destination shares with others; waiting for that is no failure."""
        try:
            async with turn_at(self.errand, self.destination) as self.turn:
                return await act()
        except LeaseHeld as busy:
            return busy.until

    async def _ready(self) -> None:
        """Make sure of every lease that we hold, right before an effect."""
        await self.errand.fence.ready(self.errand.now)
        if self.turn is not None:
            await self.turn.ready(self.errand.now)

    async def _text(self) -> SecretText:
        vault = self.errand.services.vaults.at(self.shipment.vault_url)
        return await vault.read(self.shipment.secret_name, self.shipment.version)

    async def _superseded(self) -> bool:
        """Read the line once more, right before the value leaves: older never overwrites newer, save on purpose."""
        errand = self.errand
        line = await ledger.line(errand.services.tables, errand.line.id)
        if line is None or not self.shipment.going_back:
            return line is None or line.current != self.shipment.key_id
        return errand.pin is None or errand.pin.over != line.current

    def _unpinned(self) -> Holding | None:
        """Take back the word to go back, once what is current is sent there again."""
        pinned = self.errand.holding.pinned is not None and not self.shipment.going_back
        return replace(self.errand.holding, pinned=None) if pinned else None

    async def _hand_off(self, text: SecretText) -> datetime:
        errand = self.errand
        plan = await self._within(self.kind.plan(self.destination, self.shipment, text))
        if plan.hand_off is None:
            raise NeedsPerson(f"{self.destination.kind} gave no steps for a person", reason="no-hand-off")
        deadline = hand_off_deadline(self.shipment.previous_end_at, errand.now)
        told = replace(plan.hand_off, warnings=(*plan.hand_off.warnings, *plan.warnings))
        waiting = AwaitingPerson(hand_off=told, since=errand.now, deadline=deadline)
        await errand.save(waiting, delivery=self._noting(plan.signed_in), outbox=hand_off_notice(errand, waiting))
        return look_at_person(waiting, errand.now)

    def _to_activate(self, phase: Sent) -> bool:
        return phase.activated_at is None and self.kind.capabilities.activation is Activation.EXPLICIT

    async def _look(self, text: SecretText) -> datetime:
        errand, phase = self.errand, self.errand.delivery.phase
        if isinstance(phase, Sent) and self._to_activate(phase):
            await self._ready()
            await self._within(self.kind.activate(self.destination, self.shipment, phase.receipt), changes=True)
            await errand.save(replace(phase, activated_at=errand.now))
        verdict = await self._verdict(text)
        match verdict.found:
            case Found.CURRENT:
                await self._verified(verdict)
            case Found.UNKNOWABLE:
                await self._verified(replace(verdict, level=verdict.level or Level.ACCEPTED))
            case Found.OLDER | Found.ABSENT:
                return await self._not_there_yet(verdict)
            case _ as never:
                assert_never(never)
        return errand.now

    async def _verdict(self, text: SecretText) -> Verdict:
        return await self._within(self.kind.verify(self.destination, self.shipment, text))

    async def _not_there_yet(self, verdict: Verdict) -> datetime:
        """Wait a little for a store that is slow to show it, then send again; not for ever."""
        errand = self.errand
        counted = self._noting(verdict.signed_in).retried(errand.now)
        if too_long(errand.delivery.failing_since, errand.now, errand.services.timing.phase_deadline):
            raise NeedsPerson(
                f"it does not show what was delivered: {verdict.found}. {verdict.why}", reason="not-stored"
            )
        phase: DeliveryPhase = errand.delivery.phase if counted.tries % 4 else Pending()
        await errand.save(phase, delivery=counted)
        log.info("delivery.not-there-yet", extra={"found": verdict.found, "why": verdict.why})
        return errand.now + back_off(counted.tries)

    async def _verified(self, verdict: Verdict) -> None:
        await self._within(self.kind.cleanup(self.destination, self.shipment))
        now, delivery = self.errand.now, self._noting(verdict.signed_in)
        holding = replace(
            self._unpinned() or self.errand.holding,
            key_id=delivery.key_id,
            version=delivery.version,
            end_at=self.shipment.end_at,
            verified_at=now,
            level=verdict.level,
            unseen_since=None,
            unseen_told_at=None,
        )
        first = replace(delivery, first_verified_at=delivery.first_verified_at or now)
        await self.errand.save(Verified(verdict=verdict, at=now), delivery=first, holding=holding)

    async def _within[Answer](self, call: Awaitable[Answer], *, changes: bool = False) -> Answer:
        return await within(self.errand.services.timing.destination_call, call, changes=changes)

    def _noting(self, signed_in: bool) -> Delivery:  # one fact of a plan or verdict
        """Note our own sign-in with the secret: it is not use."""
        delivery = self.errand.delivery
        return replace(delivery, own_sign_in_at=self.errand.now) if signed_in else delivery


def look_at_person(waiting: AwaitingPerson, now: datetime) -> datetime:
    """Tell when to look again: daily, and when the deadline passes."""
    daily = now + LOOK_AT_PEOPLE
    return min(daily, waiting.deadline) if waiting.deadline > now else daily


def hand_off_deadline(previous_end_at: datetime | None, now: datetime) -> datetime:
    """Give the day by which a person should have acted: a week before the old one ends, else one working day."""
    tomorrow = now + timedelta(days=1)
    while tomorrow.weekday() >= SATURDAY:
        tomorrow += timedelta(days=1)
    return max(previous_end_at - timedelta(days=7), tomorrow) if previous_end_at else tomorrow
