"""One step of one delivery: what it knows, how it writes, and what travels."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.delivery import Cause, Delivery, DeliveryBlocked, DeliveryPhase, Sent, Shipment, Verified
from rotation.domain.holding import Holding, Pin
from rotation.domain.identifiers import DestinationName, ObjectId, RotationId
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Destination
from rotation.domain.rotation import Publication, Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import HOLDING, ApplicationRecord, delivery_columns
from rotation.ledger.fence import Claim, Fence, Place
from rotation.ledger.notices import OUTBOX, OutboxEntry
from rotation.ports.tables import Change, Replace, Upsert
from rotation.workflows.services import Services

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Errand:
    """One step of one delivery: what it knows, and how it writes."""

    services: Services
    fence: Fence
    configuration: Configuration
    rotation: Rotation
    line: Line
    delivery: Delivery
    etag: str
    holding: Holding
    """What the destination holds over all rotations, as last saved."""

    @property
    def remembered(self) -> Mapping[str, str]:
        """What persons wrote down at earlier hand-offs to this destination."""
        return self.holding.remembered

    @property
    def pin(self) -> Pin | None:
        """An operator's word that it goes back, while it holds: until another secret is published."""
        pin = self.holding.pinned
        return pin if pin is not None and pin.over == self.line.current else None

    @property
    def now(self) -> datetime:
        """The instant, asked anew."""
        return self.services.clock.now()

    @property
    def old_ends_at(self) -> datetime | None:
        """When the last of what this rotation replaces ends; None where it replaces nothing that is there."""
        ends = [key.end_at for key in self.line.keys if key.key_id in self.rotation.predecessors]
        return max(ends, default=None)

    @property
    def destination(self) -> Destination | None:
        """The destination as it is configured now."""
        return self.configuration.destinations.get(self.delivery.destination)

    async def save(
        self,
        phase: DeliveryPhase,
        *,
        delivery: Delivery | None = None,
        holding: Holding | None = None,
        outbox: Sequence[OutboxEntry] = (),
    ) -> None:
        """Write the delivery, and what the destination holds, with the lease."""
        now = self.now
        before = delivery or self.delivery
        moved = phase.phase != self.delivery.phase.phase
        after = before.moved(phase, now)
        key = keys.delivery(after.rotation.ulid, after.destination)
        changes: list[Change] = [Replace(key=key, values=delivery_columns(after), etag=self.etag)]
        if moved:
            facts = {"rotation": after.rotation.ulid, "line": after.line, "destination": after.destination}
            told = {**facts, **_told(phase)}
            what = f"delivery.{phase.phase}"
            changes.append(ledger.put_event(now, self.services.ulids.make(), what=what, facts=told))
        for entry in outbox:
            name = keys.outbox(after.rotation.ulid, self.services.ulids.make())
            changes.append(Upsert(key=name, values=OUTBOX.columns(entry)))
        etags = await self.fence.commit(changes, now=now, payload=HOLDING.columns(holding) if holding else None)
        if moved:
            _log_move(self.delivery, after, now=now)
        self.delivery = after
        self.holding = holding or self.holding
        self.etag = etags.get(key) or await self._etag_now(key)

    async def _etag_now(self, key: str) -> str:
        row = await self.services.tables.get(keys.ROTATIONS, self.delivery.rotation.application, key)
        return row.etag if row else ""


def _log_move(before: Delivery, after: Delivery, *, now: datetime) -> None:
    facts = {"rotation": str(after.rotation), "destination": after.destination}
    spent = (now - before.since).total_seconds()
    phases = {"before": before.phase.phase, "phase": after.phase.phase}
    log.info("delivery.moved", extra={**facts, **phases, "seconds": spent})
    if isinstance(after.phase, DeliveryBlocked):
        log.warning("delivery.blocked", extra={**facts, "reason": after.phase.reason})


def _told(phase: DeliveryPhase) -> dict[str, object]:
    match phase:
        case Verified(verdict=verdict):
            return {"found": verdict.found, "level": verdict.level.name if verdict.level else None}
        case DeliveryBlocked(reason=reason, detail=detail):
            return {"reason": reason, "detail": detail}
        case Sent(receipt=receipt):
            return {"receipt": receipt.reference}
        case _:
            return {}


async def take_destination(services: Services, rotation: Rotation, name: DestinationName) -> Fence:
    """Take the lease of a destination of a line: two rotations never write to one at once."""
    key = keys.holding(rotation.line, name)
    place = Place(table=keys.ROTATIONS, partition=rotation.id.application, key=key)
    claim = Claim(owner=services.worker, token=services.ulids.make(), length=services.timing.lease)
    return await Fence.take(services.tables, place, claim=claim, now=services.clock.now())


def never_taken(services: Services, application: ObjectId, key: str) -> Fence:
    """Give a fence without a lease: through it nothing can be written."""
    claim = Claim(owner=services.worker, token="", length=services.timing.lease)
    return Fence(services.tables, Place(table=keys.ROTATIONS, partition=application, key=key), claim)


async def errand_of(
    services: Services,
    fence: Fence,
    record: ApplicationRecord,
    *,
    rotation_id: RotationId,
    name: DestinationName,
) -> Errand | None:
    """Gather what a delivery's step needs; None where there is no such delivery or its line was released."""
    stored = record.deliveries.get((rotation_id.ulid, name))
    rotation = record.rotations.get(rotation_id.ulid)
    line = record.lines.get(rotation.line) if rotation else None
    if stored is None or rotation is None or line is None:
        return None
    configuration = await services.configurations.current()
    holding = record.holdings.get((rotation.line, name))
    return Errand(
        services=services,
        fence=fence,
        configuration=configuration,
        rotation=rotation,
        line=line,
        delivery=stored.delivery,
        etag=stored.etag,
        holding=holding or Holding(line=rotation.line, destination=name),
    )


def ship(errand: Errand, publication: Publication) -> Shipment:
    """Make what travels: references, never the text."""
    line = errand.line
    return Shipment(
        rotation=errand.rotation.id,
        line=line.id.name,
        client_id=line.client_id,
        application_name=line.display_name,
        tenant_id=errand.services.tenant_id,
        description=line.enrolment.description,
        key_id=publication.minted.key_id,
        end_at=publication.minted.end_at,
        hint=publication.minted.hint,
        vault_url=line.enrolment.vault_url,
        secret_name=line.enrolment.secret_name,
        version=publication.version,
        previous_end_at=errand.old_ends_at,
        remembered=errand.remembered,
        going_back=errand.delivery.cause is Cause.BACK,
        journey=errand.delivery.journey,
    )
