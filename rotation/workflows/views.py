"""What pages, the terminal and HTTP show: plain values, ids as texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rotation.domain.delivery import HandOff


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One enrolled line in a list."""

    application: str
    client_id: str
    name: str
    line: str
    policy: str
    state: str
    says: str
    ends_at: datetime | None
    current: str | None
    rotation: str | None
    """Its open rotation, else its latest."""
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One line of history."""

    at: datetime
    what: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One destination of one rotation."""

    destination: str
    phase: str
    says: str
    since: datetime
    level: str = ""
    deadline: datetime | None = None
    hand_off: HandOff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationView:
    """One rotation, as far as it is."""

    id: str
    application: str
    name: str
    line: str
    reason: str
    asked_by: str
    opened_at: datetime
    phase: str
    since: datetime
    open: bool
    says: str
    journey: tuple[tuple[str, str], ...]
    """Each phase with `done`, `now` or `ahead`."""
    key_id: str | None
    ends_at: datetime | None
    predecessors: tuple[str, ...]
    deliveries: tuple[DeliveryView, ...]
    missing: Mapping[str, tuple[str, ...]]
    """For each predecessor's key id, what is missing before it may go."""
    events: tuple[EventView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretView:
    """One client secret of an application, and whose it is."""

    key_id: str
    name: str
    ends_at: datetime
    line: str | None
    """None: foreign, so it is watched and never removed."""
    current: bool
    last_used_at: datetime | None
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDetail:
    """One line with its enrolment."""

    line: str
    policy: str
    enrolled_by: str
    enrolled_at: datetime
    vault_url: str
    secret_name: str
    destinations: tuple[str, ...]
    readers: tuple[str, ...]
    blocked: str
    rotations: tuple[RotationView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """One application: its secrets, its lines, what happened."""

    application: str
    client_id: str
    name: str
    secrets: tuple[SecretView, ...]
    lines: tuple[LineDetail, ...]
    events: tuple[EventView, ...] = field(default=())
