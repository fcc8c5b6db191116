"""What handlers answer with where no workflow has a value of its own: OpenAPI is made of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.audience import Audience
from rotation.domain.brakes import Pause
from rotation.domain.credential import Credential
from rotation.domain.line import Enrolment, HeldKey
from rotation.domain.policy import Canary, Limits, Policy, Terms
from rotation.ledger.scans import ScanRecord
from rotation.ports.directory import Owner
from rotation.workflows.checking import Checked, DestinationView
from rotation.workflows.notify_test import ChannelProof
from rotation.workflows.reading.advice import Advice
from rotation.workflows.reading.expiries import ExpiryRow
from rotation.workflows.reading.hand_offs import WaitingHandOff
from rotation.workflows.reading.inventory.listing import ApplicationRow
from rotation.workflows.reading.strips import Strip
from rotation.workflows.views import LineView


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Something is under way; `address` follows it."""

    rotation: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanBegun:
    """A scan waits in its queue; `address` follows it."""

    scan: str
    dry_run: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """These key ids are being removed."""

    rotation: str
    key_ids: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineList:
    """One page of enrolled lines."""

    lines: tuple[LineView, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationList:
    """One page of applications, as of the last complete pass."""

    at: datetime
    owners_at: datetime | None
    """As of when owners are known; None: no pass has read them."""
    applications: tuple[ApplicationRow, ...]
    next: str | None
    total: int
    of: int
    """All that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryList:
    """One page of end dates, the earliest first."""

    expiries: tuple[ExpiryRow, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceList:
    """What could be better in the whole tenant, as of the last complete passes."""

    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanList:
    """One page of scans, newest first."""

    scans: tuple[ScanRecord, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationList:
    """One page of rotations, the latest move first; of each line its latest one."""

    rotations: tuple[Strip, ...]
    stopped: Mapping[str, int]
    """How many stopped for which reason, of all."""
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffList:
    """One page of hand-offs that wait for a person, most urgent first."""

    hand_offs: tuple[WaitingHandOff, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the audit trail."""

    at: datetime
    what: str
    application: str
    """Object id; empty: it is about the deployment itself."""
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    """One page of the audit trail, newest first."""

    events: tuple[AuditEvent, ...]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationList:
    """Every configured destination."""

    destinations: tuple[DestinationView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedList:
    """What each destination that was asked says."""

    checked: tuple[Checked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What became of one message on each channel."""

    proofs: tuple[ChannelProof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAddress:
    """Where a calendar fetches the deadlines of an audience; whoever has the address may."""

    audience: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarList:
    """Every audience's calendar."""

    calendars: tuple[CalendarAddress, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snoozed:
    """Nobody is reminded of it until then."""

    key_id: str
    ends_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentPreview:
    """What enrolling would mean. `remedy` is the command that enrols."""

    application: str
    client_id: str
    name: str
    policy: str
    line: str
    terms: Terms
    enrolment: Enrolment
    handed_over: tuple[Credential, ...]
    foreign: tuple[Credential, ...]
    owners: tuple[Owner, ...]
    roles: tuple[str, ...]
    warnings: tuple[str, ...]
    refusals: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A line is ours to rotate from now on."""

    line: str
    application: str
    name: str
    enrolment: Enrolment
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Nobody rotates it any more; somebody must watch these end dates."""

    released: str
    watch: tuple[HeldKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Braked:
    """What holds now."""

    paused: Pause | None
    breaker: str | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The configuration as it is loaded now; destinations have a list of their own."""

    digest: str
    policies: tuple[Policy, ...]
    audiences: Mapping[str, Audience]
    limits: Limits
    canary: Canary | None
    rungs: tuple[int, ...]
    fallback_audience: str | None
    sender: str | None
    read_at: datetime
