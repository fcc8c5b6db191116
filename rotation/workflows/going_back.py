"""
Go back at destinations to an older secret, on an operator's word (protocol.md, Going back).

"Older never overwrites newer" stays the rule: the word is a pin on what the destination holds, and ends when another
secret is published. Until then the current secret's delivery there stands stopped, so that nothing old is removed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.delivery import Cause, Delivery, DeliveryBlocked, DeliveryPhase, Pending
from rotation.domain.holding import Holding, Pin
from rotation.domain.identifiers import DestinationName, KeyId, LineId, RotationId, SecretVersion
from rotation.domain.policy import Destination
from rotation.domain.rotation import Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import HOLDING, ApplicationRecord, delivery_columns
from rotation.ledger.fence import Fence
from rotation.ports.tables import Change, Upsert
from rotation.workflows.deliver import wake_rotation
from rotation.workflows.errand import take_destination
from rotation.workflows.in_hand import in_hand
from rotation.workflows.nudge import nudge_delivery
from rotation.workflows.older_version import OlderVersion, Wish, find
from rotation.workflows.services import Services

__all__ = ["BackPreview", "Place", "Wish", "go_back", "preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One destination, and what it was last verified to hold."""

    name: DestinationName
    holds: SecretVersion | None
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackPreview:
    """What going back would mean."""

    line: LineId
    name: str
    version: SecretVersion
    key_id: KeyId
    ends_at: datetime
    published_at: datetime
    current_version: SecretVersion
    places: tuple[Place, ...]
    brake: str
    """What holds it for now; empty: nothing."""


async def preview(services: Services, wish: Wish) -> BackPreview:
    """
    Tell what going back would do; writes nothing.

    Raises:
        NotFound, Refused: As `older_version.find`.
    """
    record = await ledger.read(services.tables, wish.line.application)
    case = await find(services, record, wish)
    holdings = [(each.name, record.holdings.get((wish.line.name, each.name))) for each in case.destinations]
    assert case.line.version is not None
    return BackPreview(
        line=wish.line,
        name=case.line.display_name,
        version=wish.version,
        key_id=case.publication.minted.key_id,
        ends_at=case.publication.minted.end_at,
        published_at=case.publication.published_at,
        current_version=case.line.version,
        places=tuple(_place(name, holding) for name, holding in holdings),
        brake=await _brake(services),
    )


def _place(name: DestinationName, holding: Holding | None) -> Place:
    verified_at = holding.verified_at if holding else None
    return Place(name=name, holds=holding.version if holding else None, verified_at=verified_at)


async def _brake(services: Services) -> str:
    pause = await services.control.pause()
    return f"paused by {pause.by}: {pause.reason}" if pause else ""


async def go_back(services: Services, wish: Wish, *, by: str, why: str, where: str = "") -> RotationId:
    """
    Deliver an older secret to destinations on purpose; give the rotation that it came from, which shows how it goes.

    Raises:
        NotFound, Refused: As `preview`.
        LeaseHeld: Somebody is at work on the application, or at a destination.
    """
    record = await ledger.read(services.tables, wish.line.application)
    case = await find(services, record, wish)
    async with in_hand(services, case.current) as step:
        case = await find(services, step.record, wish)
        for destination in case.destinations:
            await _pin(services, case, destination, word=(by, why, where))
    await wake_rotation(services, case.older.id)
    await wake_rotation(services, case.current)
    for destination in case.destinations:
        await nudge_delivery(services, case.older.id, destination.name)
    return case.older.id


async def _pin(services: Services, case: OlderVersion, destination: Destination, *, word: tuple[str, str, str]) -> None:
    fence = await take_destination(services, case.older, destination.name)
    try:
        record = await ledger.read(services.tables, case.line.id.application)
        await services.wakes.set(case.older.id, services.clock.now(), destination=destination.name)
        await _write(services, fence, record, case=case, destination=destination, word=word)
    finally:
        await fence.release(services.clock.now())


async def _write(
    services: Services,
    fence: Fence,
    record: ApplicationRecord,
    *,
    case: OlderVersion,
    destination: Destination,
    word: tuple[str, str, str],
) -> None:
    (by, why, where), now, name = word, services.clock.now(), destination.name
    version = case.publication.version
    before = record.holdings.get((case.line.id.name, name)) or Holding(line=case.line.id.name, destination=name)
    pin = Pin(version=version, over=case.current_key, by=by, at=now, why=why)
    stopped = DeliveryBlocked(reason="went-back", detail=f"{by} went back to version {version}: {why}", since=now)
    facts = {"rotation": case.older.id.ulid, "line": case.line.id.name, "destination": name}
    event = {**facts, "by": by, "why": why, "version": version, "key_id": case.publication.minted.key_id}
    event |= {"where": where} if where else {}
    journey = services.ulids.make()
    changes: list[Change] = [
        _row(record, case.older, destination, phase=Pending(), cause=Cause.BACK, journey=journey, now=now),
        ledger.put_event(now, services.ulids.make(), what="went-back", facts=event),
    ]
    current = record.rotations[case.current.ulid]  # `go_back` has it in hand
    changes.append(_row(record, current, destination, phase=stopped, cause=Cause.HEAL, journey=journey, now=now))
    await fence.commit(changes, now=now, payload=HOLDING.columns(replace(before, pinned=pin)))


def _row(
    record: ApplicationRecord,
    rotation: Rotation,
    destination: Destination,
    *,
    phase: DeliveryPhase,
    cause: Cause,
    journey: str,
    now: datetime,
) -> Upsert:
    """Write a rotation's delivery to the destination anew; our own sign-ins are not forgotten."""
    publication = rotation.publication
    assert publication is not None
    known = record.deliveries_of(rotation.id.ulid).get(destination.name)
    delivery = Delivery(
        rotation=rotation.id,
        line=rotation.line,
        destination=destination.name,
        fingerprint=destination.fingerprint,
        key_id=publication.minted.key_id,
        version=publication.version,
        phase=phase,
        since=now,
        settles_in=destination.settles_in,
        own_sign_in_at=known.delivery.own_sign_in_at if known else None,
        cause=cause,
        journey=journey,
    )
    return Upsert(key=keys.delivery(rotation.id.ulid, destination.name), values=delivery_columns(delivery))
