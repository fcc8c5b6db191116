"""One delivery to one destination: its phases, what came back, and how sure we are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Literal, Self

from rotation.domain.capability import Activation, Concurrency, ReadBack
from rotation.domain.identifiers import ClientId, DestinationName, KeyId, LineName, ObjectId, RotationId, SecretVersion


class Level(IntEnum):
    """How sure we are that a destination has a secret (protocol.md, vocabulary)."""

    ACCEPTED = 1
    STORED = 2
    AUTHENTICATES = 3
    IN_USE = 4


class Found(StrEnum):
    """What a destination holds."""

    CURRENT = "current"
    OLDER = "older"
    ABSENT = "absent"
    UNKNOWABLE = "unknowable"


class DeliveryMode(StrEnum):
    """Who makes a delivery of this kind."""

    AUTOMATIC = "automatic"
    ASSISTED = "assisted"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind can do; workflows decide from these, never from a kind's name."""

    mode: DeliveryMode
    level: Level
    """The surest level that its `verify` can reach."""
    reads_back: ReadBack = ReadBack.NONE
    activation: Activation = Activation.NONE
    concurrency: Concurrency = Concurrency.NONE
    whole_object: bool = False
    """It writes more than the one value, so deliveries to one resource take turns."""
    destructive: bool = False
    """Delivering loses what was set up there; an approval is asked by default."""
    restarts: bool = False
    """Delivering interrupts somebody, so it waits for the policy's window."""
    settles_in: timedelta = timedelta(0)

    @property
    def assisted(self) -> bool:
        """Tell whether only a person can deliver there."""
        return self.mode is DeliveryMode.ASSISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a destination returned: identifiers and times, never the text nor a hash of it."""

    reference: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What we found at a destination, and how sure we are."""

    found: Found
    level: Level | None = None
    why: str = ""
    signed_in: bool = False
    """We signed in with the secret while looking: such a sign-in is not use (protocol.md, Our own sign-ins)."""
    foreign: bool = False
    """What lies there bears the marks of somebody else, or of nobody (protocol.md, Contested)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What is to be delivered; the text itself is read from the vault by whoever must send it."""

    rotation: RotationId
    line: LineName
    client_id: ClientId
    application_name: str
    tenant_id: str
    description: str
    key_id: KeyId
    end_at: datetime
    hint: str | None
    vault_url: str
    secret_name: str
    version: SecretVersion
    previous_end_at: datetime | None
    """When the old secret ends: by then a person must have acted."""
    remembered: Mapping[str, str] = field(default_factory=dict)
    """What persons wrote down at earlier hand-offs to this destination (`HandOff.records`)."""
    going_back: bool = False
    """An operator wants this older secret there again: it may cover a newer one of the same line."""
    journey: str = ""
    """Where it was delivered before and is delivered once more on purpose, what tells that from a repeat."""

    @property
    def application(self) -> ObjectId:
        """The application that it belongs to."""
        return self.rotation.application

    @property
    def secret_id(self) -> str:
        """Address of the vault version, which is what may travel."""
        return f"{self.vault_url.rstrip('/')}/secrets/{self.secret_name}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of the form that a person fills in, under that product's own label."""

    label: str
    value: str
    note: str = ""
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Everything that the person needs (protocol.md, Hand-offs); the value only as a link."""

    title: str
    where: str
    fields: tuple[FormField, ...]
    checklist: tuple[str, ...]
    questions: tuple[str, ...]
    """What the person answers when it is done; each is answered yes or no."""
    records: tuple[str, ...] = ()
    """What the person writes down, in words; remembered for the next hand-off to this destination."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a delivery would do, found by reading only; never with a value in it."""

    changes: tuple[str, ...] = ()
    """One line each; none where it holds this secret already."""
    hand_off: HandOff | None = None
    """For assisted kinds: everything that the person needs."""
    warnings: tuple[str, ...] = ()
    signed_in: bool = False
    """A pre-flight check signed in with the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    phase: Literal["pending"] = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    receipt: Receipt
    sent_at: datetime
    activated_at: datetime | None = None
    """When what needs it was told to use the new secret (`Activation.EXPLICIT`)."""
    phase: Literal["sent"] = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitingApproval:
    why: str
    since: datetime
    phase: Literal["awaiting-approval"] = "awaiting-approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitingPerson:
    hand_off: HandOff
    since: datetime
    deadline: datetime
    overdue_told_at: datetime | None = None
    """When people heard that the deadline has passed; they hear it once."""
    phase: Literal["awaiting-person"] = "awaiting-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A person says that it is done. That is not evidence; usage is."""

    by: str
    at: datetime
    answers: Mapping[str, str]
    typed_end: str = ""
    phase: Literal["acknowledged"] = "acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    verdict: Verdict
    at: datetime
    phase: Literal["verified"] = "verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    why: str
    at: datetime
    phase: Literal["cancelled"] = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryBlocked:
    reason: str
    detail: str
    since: datetime
    phase: Literal["blocked"] = "blocked"


type DeliveryPhase = (
    Pending | Sent | AwaitingApproval | AwaitingPerson | Acknowledged | Verified | Cancelled | DeliveryBlocked
)

ENDED = (Acknowledged, Verified, Cancelled)
"""A delivery that has ended holds its rotation back no longer; only Verified ends the old secret's wait."""


class Cause(StrEnum):
    """Why a delivery is made."""

    ROTATION = "rotation"
    HEAL = "heal"
    """It was verified once, and a later look found something else there."""
    BACK = "back"
    """An operator goes back to it on purpose (`Pin`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One journey of one secret version to one destination."""

    rotation: RotationId
    line: LineName
    destination: DestinationName
    fingerprint: str
    key_id: KeyId
    version: SecretVersion
    phase: DeliveryPhase
    since: datetime
    """When it entered its phase."""
    tries: int = 0
    failing_since: datetime | None = None
    """When the first of these tries was: the deadline counts from here, for a delivery may wait for weeks."""
    approved_by: str | None = None
    settles_in: timedelta = timedelta(0)
    first_verified_at: datetime | None = None
    resumed_from: str = ""
    """Why it was Blocked before it was tried again: people know of it, and when it gets on, others are tried too."""
    own_sign_in_at: datetime | None = None
    """When we last signed in with the secret on behalf of this destination."""
    cause: Cause = Cause.ROTATION
    journey: str = ""
    """Tells another delivery of the same secret from a repeat of this one; empty: the first."""

    @property
    def ended(self) -> bool:
        """Tell whether it has ended."""
        return isinstance(self.phase, ENDED)

    def retried(self, now: datetime) -> Self:
        """Count one more try."""
        return replace(self, tries=self.tries + 1, failing_since=self.failing_since or now)

    def moved(self, to: DeliveryPhase, now: datetime) -> Self:
        """Move to another phase; sending again and again is one phase of failing, whatever lies between."""
        if to.phase == self.phase.phase:
            return replace(self, phase=to)
        trying = isinstance(to, Pending | Sent) and isinstance(self.phase, Pending | Sent)
        calm = self if trying else replace(self, tries=0, failing_since=None)
        return replace(calm, phase=to, since=now)
