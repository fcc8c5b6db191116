"""What the configuration says: how to rotate, where to deliver, and how much in one night."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from rotation.domain.audience import Audience, Hearers, SmtpServer
from rotation.domain.credential import Application
from rotation.domain.identifiers import (
    AudienceName,
    ClientId,
    DestinationName,
    LineName,
    ObjectId,
    PolicyName,
)
from rotation.domain.window import Freeze, Window

DAY = timedelta(days=1)


class Mode(StrEnum):
    """What a policy wants for an application that nobody enrolled, and for one that somebody did."""

    MONITOR = "monitor"
    ROTATE = "rotate"
    IGNORE = "ignore"


class Enrol(StrEnum):
    """Who says the yes."""

    PERSON = "person"
    AUTO = "auto"


class Proof(StrEnum):
    """What happens when we cannot sign in with a new secret for a reason that is not the secret."""

    REQUIRED = "required"
    BEST_EFFORT = "best-effort"


class Retire(StrEnum):
    """What ends an old secret's wait."""

    EVIDENCE = "evidence"
    AFTER_OVERLAP = "after-overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one line is rotated."""

    lifetime: timedelta = timedelta(days=180)
    lead_time: timedelta = timedelta(days=60)
    overlap: timedelta = timedelta(days=7)
    quiet: timedelta | None = None
    """None: the overlap window, at least seven days (protocol.md, Evidence (d))."""
    proof: Proof = Proof.REQUIRED
    proof_over: timedelta = timedelta(minutes=2)
    retire: Retire = Retire.EVIDENCE
    hand_off_deadline: timedelta = timedelta(days=14)
    approval: bool = False
    heal: bool = True
    """Deliver again, once, where a destination is found without what was verified there (protocol.md, Contested)."""

    @property
    def quiet_for(self) -> timedelta:
        """How long an old key must have been silent."""
        return self.quiet if self.quiet is not None else max(self.overlap, 7 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which applications a policy speaks of: any entry of any list that matches."""

    object_ids: frozenset[ObjectId] = frozenset()
    client_ids: frozenset[ClientId] = frozenset()
    names: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    everything: bool = False

    def exactness(self, application: Application, owners: Iterable[str] = ()) -> int | None:
        """Tell how exactly it matches (0 is the most exact), or None where it does not."""
        if application.object_id in self.object_ids:
            return 0
        if application.client_id in self.client_ids:
            return 1
        name = application.display_name.casefold()
        loose = (
            self.everything
            or any(fnmatchcase(name, glob.casefold()) for glob in self.names)
            or not self.tags.isdisjoint(application.tags)
            or not self.owners.isdisjoint(owner.casefold() for owner in owners)
        )
        return 2 if loose else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEntry:
    """One entry of a policy's `lines:`."""

    name: LineName
    destinations: tuple[DestinationName, ...] = ()
    readers: tuple[str, ...] = ()
    description: str | None = None
    secret_name: str | None = None
    """Template of the name in the vault: `{client_id}`, `{object_id}`, `{line}`; None: `entra-{client_id}-{line}`."""
    only_for: ObjectId | None = None
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What to do with the applications that it selects."""

    name: PolicyName
    selector: Selector
    mode: Mode = Mode.MONITOR
    enrol: Enrol = Enrol.PERSON
    at_most: int | None = None
    lines: tuple[LineEntry, ...] = ()
    vault: str = ""
    window: Window = field(default_factory=Window)
    freeze: tuple[Freeze, ...] = ()
    audience: AudienceName | None = None
    owners: bool = False
    """The owners of an application hear first; its audience where there are none."""
    rungs: tuple[int, ...] | None = None
    """Its own ladder; None: the configuration's."""

    def entry(self, line: LineName, application: ObjectId) -> LineEntry | None:
        """Find its entry for a line; one that is narrowed to the application wins."""
        entries = [entry for entry in self.lines if entry.name == line and entry.only_for in (None, application)]
        return min(entries, key=lambda entry: entry.only_for is None, default=None)

    def permits_now(self, now: datetime) -> bool:
        """Tell whether its window is open and no freeze holds."""
        return self.window.is_open(now) and not any(freeze.holds(now) for freeze in self.freeze)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to sign in to a system that several destinations may lie in; secrets only as vault references."""

    name: str
    type: str
    settings: Mapping[str, object]
    fingerprint: str
    """Changes when who signs in, or with which vault secret, changes."""
    secrets: tuple[str, ...] = ()
    """Vault references of what it signs in with: a name in our own vault, or an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One configured place to deliver to; `kind` names the integration and `settings` are its own."""

    name: DestinationName
    kind: str
    settings: Mapping[str, object]
    fingerprint: str
    """Changes when kind, address, path, connection, or whether the value leaves, changes."""
    settles_in: timedelta = timedelta(0)
    approval: bool = False
    audience: AudienceName | None = None
    connection: Connection | None = None
    resource: str | None = None
    """What a delivery writes whole, as an address; deliveries to one resource take turns."""
    secrets: tuple[str, ...] = ()
    """Vault references among its own settings, such as a signing secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How much one night may do."""

    opened_per_night: int = 25
    open_at_once: int = 100
    removed_per_night: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ramp, and the smaller one of the first week after the first enrolment."""

    usual: Ramp = field(default_factory=Ramp)
    first_week: Ramp = field(default_factory=lambda: Ramp(opened_per_night=1, open_at_once=1, removed_per_night=0))
    first_week_lasts: timedelta = timedelta(days=7)

    def at(self, now: datetime, first_enrolled_at: datetime | None) -> Ramp:
        """Tell which ramp holds *now*."""
        young = first_enrolled_at is None or now < first_enrolled_at + self.first_week_lasts
        return self.first_week if young else self.usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The enrolled line of our own that rotates first each night."""

    application: ObjectId
    line: LineName
    within: timedelta = timedelta(minutes=30)
    policy: PolicyName | None = None
    """The policy that selects this application and no other; it alone may set overlap and quiet to zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One loaded `rotation.yaml`."""

    policies: tuple[Policy, ...] = ()
    connections: Mapping[str, Connection] = field(default_factory=dict)
    destinations: Mapping[DestinationName, Destination] = field(default_factory=dict)
    audiences: Mapping[AudienceName, Audience] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    canary: Canary | None = None
    rungs: tuple[int, ...] = (60, 30, 14, 7, 3, 1, 0)
    """Days before the end at which people are reminded; 0 is "expired"."""
    fallback_audience: AudienceName | None = None
    sender: str | None = None
    """The mailbox that mails go out from."""
    smtp: SmtpServer | None = None
    """What mails go out through; None: Graph's sendMail."""
    escalate_to: AudienceName | None = None
    """Who hears of what nobody took care of; None: the fallback."""
    escalate_after: timedelta = timedelta(days=3)
    digest: str = ""
    """SHA-256 of the text that it was loaded from, hexadecimal."""

    def policy_for(self, application: Application, owners: Iterable[str] = ()) -> Policy | None:
        """Choose the policy that speaks of an application: the more exact selector, then order in the file."""
        known = tuple(owners)
        found = [
            (exactness, place, policy)
            for place, policy in enumerate(self.policies)
            if (exactness := policy.selector.exactness(application, known)) is not None
        ]
        return min(found, key=lambda match: match[:2])[2] if found else None

    def policy(self, name: PolicyName) -> Policy | None:
        """Find a policy by its name."""
        return next((policy for policy in self.policies if policy.name == name), None)

    def rungs_of(self, name: PolicyName | None) -> tuple[int, ...]:
        """Give the ladder of what a policy speaks of; the configuration's where the policy has none of its own."""
        policy = self.policy(name) if name else None
        return self.rungs if policy is None or policy.rungs is None else policy.rungs

    @property
    def longest_rung(self) -> timedelta:
        """How long before an end the first reminder of all may be due."""
        own = [rung for policy in self.policies for rung in policy.rungs or ()]
        return timedelta(days=max([*self.rungs, *own], default=0))

    def hearers(
        self, name: PolicyName | None, *, application: str | None, first: AudienceName | None = None
    ) -> Hearers:
        """Tell who hears: *first* where it is said, else the policy's people, else the fallback."""
        policy = self.policy(name) if name else None
        if first is not None:
            return Hearers(team=first)
        team = (policy.audience if policy else None) or self.fallback_audience
        return Hearers(team=team, owners_of=application if policy is not None and policy.owners else None)
