"""One delivery to one destination: its phases, what came back, and how sure we are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Literal, Self

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
    destructive: bool = False
    restarts: bool = False
    settles_in: timedelta = timedelta(0)


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
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    phase: Literal["pending"] = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    receipt: Receipt
    sent_at: datetime
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one destination of one line holds, over all rotations."""

    line: LineName
    destination: DestinationName
    key_id: KeyId | None = None
    version: SecretVersion | None = None
    end_at: datetime | None = None
    typed_end: str = ""
    verified_at: datetime | None = None
    level: Level | None = None
