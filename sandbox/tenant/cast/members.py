"""What a named character of the demo consists of: values only, no story."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sandbox.tenant.model import AssignedPolicy


class Vault(Enum):
    """Which vault of the sandbox; HOME is the one that the program keeps secrets in."""

    HOME = "home"
    SECOND = "second"


class Placed(Enum):
    """When a vault secret is put there: some only get in the way later."""

    AT_START = "at-start"
    AFTER_ENROLMENT = "after-enrolment"


class Wish(Enum):
    """What the owner agreed to."""

    ENROL = "enrol"
    MONITOR = "monitor"


class Outcome(Enum):
    """How the demo ends for a character when everything works."""

    RETIRED = "rotated, old one removed"
    WAITS_FOR_PERSON = "waits for a person until the hand-off is acknowledged"
    OVERLAPS = "overlapping: the old secret is still used"
    BLOCKED_POLICY = "blocked: policy-forbids"
    BLOCKED_NAME = "blocked: vault-name-taken"
    BLOCKED_LIMIT = "blocked: credential-limit"
    REMINDED = "reminders only"
    STRAY_REPORTED = "reminders, and a stray is reported"
    NOT_A_SECRET = "SAML certificate: reminders, its companion is never taken for a client secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of the tenant whom the demo names."""

    object_id: str
    name: str
    alias: str
    job_title: str
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CastCredential:
    """
    A client secret whose text the sandbox knows: it signs in.

    Attributes:
        display_name: None as with secrets that somebody made in a hurry.
    """

    key_id: str
    text: str
    display_name: str | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSecret:
    """What stands in a vault before the program has written anything for this character."""

    vault: Vault
    name: str
    value: str
    tags: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    placed: Placed = Placed.AT_START


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConsumer:
    """Software that reads the latest version of a vault secret and signs in with it."""

    name: str
    vault: Vault
    secret_name: str
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver:
    """A service that takes new secrets by HTTP (*path* on the downstream server) and signs in with the last."""

    name: str
    path: str
    every: timedelta
    starts_with: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalPerson:
    """Somebody who pastes the secret into a vendor's portal, which then signs in with it."""

    person: Person
    form: str
    portal: str
    group: str
    every: timedelta
    starts_with: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPerson:
    """Somebody who types the secret into an agent's configuration tool on a server."""

    person: Person
    form: str
    server: str
    source: str
    every: timedelta
    starts_with: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenSystem:
    """A system that nobody remembers and that goes on signing in with one old secret."""

    name: str
    key_id: str
    text: str
    address: str
    resource: str
    every: timedelta


type Use = VaultConsumer | WebhookReceiver | PortalPerson | AgentPerson | ForgottenSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """
    One application that the demo tells a story about.

    Attributes:
        role: One sentence for the reader: what this character shows.
        graph_roles: Application permissions on Graph that it holds, with admin consent.
        signing_ends_at: When its SAML signing certificate ends, if it has one.
    """

    key: str
    role: str
    display_name: str
    object_id: str
    client_id: str
    principal_id: str
    owner: Person
    wish: Wish
    outcome: Outcome
    credentials: tuple[CastCredential, ...] = ()
    used_by: tuple[Use, ...] = ()
    vault: tuple[VaultSecret, ...] = ()
    audience: str = "AzureADMyOrg"
    notes: str | None = None
    policy: AssignedPolicy | None = None
    signing_ends_at: datetime | None = None
    canary: bool = False
    graph_roles: tuple[str, ...] = ()

    @property
    def line_secret_name(self) -> str:
        """The vault secret that enrolment of the line `default` claims (protocol.md, Enrolment and lines)."""
        return f"entra-{self.client_id}-default"
