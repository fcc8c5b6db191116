"""How far a line's latest rotation is, kept beside its index entry: lists need not read each application for it."""

from dataclasses import dataclass
from datetime import datetime

from rotation.domain.delivery import (
    Acknowledged,
    AwaitingApproval,
    AwaitingPerson,
    Cancelled,
    Delivery,
    DeliveryBlocked,
    Pending,
    Sent,
    Verified,
)
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.line import Line, Reason
from rotation.domain.rotation import Blocked, Overlapping, Planned, Rotation
from rotation.ledger.application import ApplicationRecord

TOLD = 200
"""Characters of a text that a list shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceProgress:
    """A destination where a person must act, or says to have acted; what works by itself is only counted."""

    destination: DestinationName
    phase: str
    since: datetime
    why: str = ""
    """The hand-off's title, why an approval is asked, or the reason for which it stopped."""
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldKey:
    """A predecessor that is still there, and the last that was seen of its use."""

    key_id: KeyId
    end_at: datetime
    used_at: datetime | None
    origin: str
    missing: tuple[str, ...]
    """What is missing before it may go, as last asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """As much of a rotation as lists show; as of its last step, and never what anything is decided by."""

    ulid: str
    reason: Reason
    asked_by: str
    opened_at: datetime
    working: str
    """The phase that it is in, or would resume; once ended, how it ended."""
    detail: str = ""
    """Of Blocked."""
    end_at: datetime | None = None
    """When its own credential ends."""
    published_at: datetime | None = None
    overlapping_since: datetime | None = None
    awaits_approval: bool = False
    destinations: int = 0
    verified: int = 0
    places: tuple[PlaceProgress, ...] = ()
    old: tuple[OldKey, ...] = ()

    @property
    def in_use(self) -> tuple[OldKey, ...]:
        """Old keys that were used after everybody should have switched, the last used first."""
        since = self.overlapping_since
        used = [(key.used_at, key) for key in self.old if since is not None and key.used_at and key.used_at > since]
        return tuple(key for _at, key in sorted(used, key=lambda each: each[0], reverse=True))


def progress_of(rotation: Rotation, line: Line | None, record: ApplicationRecord) -> Progress:
    """Sum a rotation up; one that has ended is told in a few words, for most lines are."""
    phase, working = rotation.phase, rotation.working
    stored = sorted(record.deliveries_of(rotation.id.ulid).items())
    planned = [each.delivery for _name, each in stored if not isinstance(each.delivery.phase, Cancelled)]
    places = (_place(delivery) for delivery in planned if not isinstance(delivery.phase, Pending | Sent | Verified))
    return Progress(
        ulid=rotation.id.ulid,
        reason=rotation.reason,
        asked_by=rotation.asked_by,
        opened_at=rotation.opened_at,
        working=(working or phase).phase,
        detail=phase.detail[:TOLD] if isinstance(phase, Blocked) else "",
        end_at=rotation.minted.end_at if rotation.minted else None,
        published_at=rotation.publication.published_at if rotation.publication else None,
        overlapping_since=working.since if isinstance(working, Overlapping) else None,
        awaits_approval=isinstance(phase, Planned) and phase.needs_approval and phase.approved_by is None,
        destinations=len(planned),
        verified=sum(isinstance(delivery.phase, Verified) for delivery in planned),
        places=tuple(places) if rotation.open else (),
        old=_old(rotation, line, record) if rotation.open else (),
    )


def _place(delivery: Delivery) -> PlaceProgress:
    why, deadline, phase = "", None, delivery.phase
    match phase:
        case AwaitingPerson():
            why, deadline = phase.hand_off.title, phase.deadline
        case AwaitingApproval():
            why = phase.why
        case Acknowledged():
            why = phase.by
        case DeliveryBlocked():
            why = phase.reason
    return PlaceProgress(
        destination=delivery.destination, phase=phase.phase, since=delivery.since, why=why[:TOLD], deadline=deadline
    )


def _old(rotation: Rotation, line: Line | None, record: ApplicationRecord) -> tuple[OldKey, ...]:
    working = rotation.working
    missing = working.missing if isinstance(working, Overlapping) else {}
    held = [key for key in line.keys if key.key_id in rotation.predecessors] if line else []
    return tuple(
        OldKey(
            key_id=key.key_id,
            end_at=key.end_at,
            used_at=use.last_used_at if (use := record.uses.get(key.key_id)) else None,
            origin=use.origin[:TOLD] if use else "",
            missing=tuple(each[:TOLD] for each in missing.get(key.key_id, ())),
        )
        for key in held
    )
