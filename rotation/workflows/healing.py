"""
Look again at one destination that we verified, and decide what follows from what is found (protocol.md, Contested).

The delivery of the rotation that published is taken up again, so that brakes, approval, evidence and history are those
of every delivery. What is found is looked at twice: once without a lease, and again under the destination's own.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from rotation.domain.capability import ReadBack
from rotation.domain.credential import Credential
from rotation.domain.delivery import (
    Acknowledged,
    AwaitingPerson,
    Cause,
    Delivery,
    DeliveryBlocked,
    Found,
    Level,
    Pending,
    Verdict,
    Verified,
)
from rotation.domain.errors import Contested, Superseded
from rotation.domain.policy import LineEntry, Mode
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.workflows.contesting import contest
from rotation.workflows.deliver import wake_rotation
from rotation.workflows.delivery_notices import drift_notice, unseen_notice
from rotation.workflows.errand import Errand, errand_of, ship, take_destination
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.within import within

READABLE = frozenset({ReadBack.VALUE, ReadBack.VERSION})
TOLD_UNSEEN_AFTER = timedelta(days=3)
"""A destination that could not be looked at for so long is told of, once."""
_VAULT_NAME = re.compile(r"vault-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
"""What HashiCorp Vault calls the credentials that it makes."""


class Outcome(StrEnum):
    """What came of one destination."""

    CURRENT = "current"
    HEALED = "healed"
    DRIFTED = "drifted"
    CONTESTED = "contested"
    UNKNOWN = "unknown"
    LEFT = "left"
    """Somebody is at work there, or it is not ours to look at any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One errand with what its whole application holds, as they were read together."""

    errand: Errand
    record: ApplicationRecord

    @property
    def publication_is_current(self) -> bool:
        """Tell whether it was verified at what the line holds now: what was not is its own rotation's matter."""
        line, holding, delivery = self.errand.line, self.errand.holding, self.errand.delivery
        versions, key_ids = {line.version, holding.version, delivery.version}, {line.current, holding.key_id}
        return len(versions) == 1 and key_ids == {delivery.key_id} and self.errand.rotation.publication is not None


def watched(look: Look) -> bool:
    """Tell whether we verified it there ourselves, at a place that is approved as it is configured today."""
    errand, holding = look.errand, look.errand.holding
    destination, entry = errand.destination, entry_of(errand)
    if destination is None or entry is None or destination.name not in entry.destinations:
        return False
    if not (isinstance(errand.delivery.phase, Verified) and look.publication_is_current):
        return False
    print_of = destination.fingerprint
    same = errand.delivery.fingerprint == print_of and errand.line.enrolment.approves(destination.name, print_of)
    capable = errand.services.integrations.of(destination).capabilities
    readable = capable.reads_back in READABLE and min(capable.level, holding.level or 0) >= Level.STORED
    return same and readable and not (capable.level >= Level.AUTHENTICATES and _person_waits(look))


def entry_of(errand: Errand) -> LineEntry | None:
    """Give the policy's entry for the line, where the policy is there and lets us rotate."""
    policy = errand.configuration.policy(errand.line.enrolment.policy)
    if policy is None or policy.mode is not Mode.ROTATE:
        return None
    return policy.entry(errand.line.id.name, errand.line.id.application)


def _person_waits(look: Look) -> bool:
    """Tell whether a hand-off waits for the new key id to be seen: until then nobody of ours signs in with it."""
    waiting = (AwaitingPerson, Acknowledged)
    return any(
        isinstance(stored.delivery.phase, waiting) and stored.delivery.key_id == look.errand.line.current
        for stored in look.record.deliveries.values()
    )


async def verdict_of(errand: Errand) -> Verdict:
    """
    Ask the destination what it holds, with the current text in hand.

    Raises:
        RotationError: It, or the vault, cannot be asked now: that decides nothing.
    """
    destination, publication, services = errand.destination, errand.rotation.publication, errand.services
    assert destination is not None
    assert publication is not None
    shipment = ship(errand, publication)
    text = await services.vaults.at(shipment.vault_url).read(shipment.secret_name, shipment.version)
    kind = services.integrations.of(destination)
    return await within(services.timing.destination_call, kind.verify(destination, shipment, text))


@asynccontextmanager
async def _at(look: Look) -> AsyncIterator[Look]:
    """Hold the destination and read everything again (LeaseHeld: somebody is at work there)."""
    errand = look.errand
    name = errand.delivery.destination
    fence = await take_destination(errand.services, errand.rotation, name)
    try:
        record = await ledger.read(errand.services.tables, errand.rotation.id.application)
        again = await errand_of(errand.services, fence, record, rotation_id=errand.rotation.id, name=name)
        if again is None:
            raise Superseded(f"line {errand.line.id} was released meanwhile")
        yield Look(errand=again, record=record)
    finally:
        await fence.release(errand.services.clock.now())


async def note_seen(look: Look, verdict: Verdict) -> None:
    """Note what a look that found everything well leaves to note: our own sign-in, and that it can be seen again."""
    if not verdict.signed_in and look.errand.holding.unseen_since is None:
        return
    async with _at(look) as now:
        if watched(now):
            seen = replace(now.errand.holding, unseen_since=None, unseen_told_at=None)
            await now.errand.save(now.errand.delivery.phase, delivery=_noting(now.errand, verdict), holding=seen)


async def note_unseen(look: Look, why: str) -> None:
    """Note since when it could not be looked at; people are told once, after some nights of it."""
    async with _at(look) as now:
        errand = now.errand
        if not watched(now):
            return
        since = errand.holding.unseen_since or errand.now
        late = errand.holding.unseen_told_at is None and errand.now - since >= TOLD_UNSEEN_AFTER
        told_at = errand.now if late else errand.holding.unseen_told_at
        unseen = replace(errand.holding, unseen_since=since, unseen_told_at=told_at)
        if unseen != errand.holding:
            outbox = unseen_notice(errand, since, why) if late else ()
            await errand.save(errand.delivery.phase, holding=unseen, outbox=outbox)
    if late:
        await wake_rotation(errand.services, errand.rotation.id)


async def meet(look: Look) -> Outcome:
    """
    Follow up a look that found another secret there, or none: look once more, then deliver again, or stop.

    Raises:
        LeaseHeld: Somebody is at work at the destination.
        RotationError: The second look could not be had: nothing is decided.
    """
    async with _at(look) as now:
        errand = now.errand
        if not watched(now):
            return Outcome.LEFT
        await errand.fence.ready(errand.now)
        verdict = await verdict_of(errand)
        if verdict.found not in {Found.OLDER, Found.ABSENT}:
            return Outcome.CURRENT if verdict.found is Found.CURRENT else Outcome.UNKNOWN
        outcome, seen = await _decide(now, verdict)
        await _write(errand, verdict, outcome, seen=seen)
    await wake_rotation(errand.services, errand.rotation.id)
    if outcome is Outcome.HEALED:
        await nudge_delivery(errand.services, errand.rotation.id, errand.delivery.destination)
    if outcome is Outcome.CONTESTED:
        await contest(errand.services, errand.line.id, seen)
    return outcome


async def _decide(look: Look, verdict: Verdict) -> tuple[Outcome, str]:
    errand = look.errand
    seen = f"{errand.delivery.destination} holds {_WORDS[verdict.found]}: {verdict.why}".rstrip(": ")
    others = await _others_at_work(look)
    if verdict.foreign or others:
        return Outcome.CONTESTED, "; ".join([seen, *others])
    if errand.holding.healed_version == errand.delivery.version:
        return Outcome.CONTESTED, f"{seen}, again after it had been delivered once more"
    entry = entry_of(errand)
    heals = entry is not None and entry.terms.heal
    return (Outcome.HEALED if heals else Outcome.DRIFTED), seen


_WORDS = {Found.OLDER: "an older secret", Found.ABSENT: "another secret, or none"}


async def _others_at_work(look: Look) -> Sequence[str]:
    """Name credentials that another rotator has made since ours was minted."""
    publication = look.errand.rotation.publication
    assert publication is not None
    application = await look.errand.services.directory.application(look.errand.line.id.application)
    since = publication.minted.minted_at
    made = [secret for secret in application.secrets if secret.start_at is None or secret.start_at >= since]
    return [
        f"key id {secret.key_id} is called {secret.display_name!r}"
        for secret in made
        if look.record.line_of(secret.key_id) is None and _of_another_rotator(look.record, secret)
    ]


def _of_another_rotator(record: ApplicationRecord, secret: Credential) -> bool:
    known = record.rebuilt_line_of(secret.key_id) is not None
    stray = secret.marker is not None and secret.marker.ulid not in record.rotations and not known
    return stray or _VAULT_NAME.fullmatch(secret.display_name or "") is not None


async def _write(errand: Errand, verdict: Verdict, outcome: Outcome, *, seen: str) -> None:
    """Write what follows, with the intent and the notice, in one transaction of the delivery."""
    name, services = errand.delivery.destination, errand.services
    anew = replace(
        _noting(errand, verdict),
        cause=Cause.HEAL,
        journey=services.ulids.make(),
        approved_by=None,
        first_verified_at=None,
    )
    outbox = drift_notice(errand, outcome, seen)
    if outcome is Outcome.HEALED:
        await services.wakes.set(errand.rotation.id, errand.now, destination=name)
        healed = replace(errand.holding, healed_version=errand.delivery.version)
        await errand.save(Pending(), delivery=anew, holding=healed, outbox=outbox)
        return
    await errand.save(_stopped(errand, outcome, seen[:1000]), delivery=anew, outbox=outbox)


def _stopped(errand: Errand, outcome: Outcome, seen: str) -> DeliveryBlocked:
    if outcome is Outcome.CONTESTED:
        return DeliveryBlocked(reason=Contested.reason, detail=seen, since=errand.now)
    return DeliveryBlocked(reason="drifted", detail=seen, since=errand.now)


def _noting(errand: Errand, verdict: Verdict) -> Delivery:
    return replace(errand.delivery, own_sign_in_at=errand.now) if verdict.signed_in else errand.delivery
