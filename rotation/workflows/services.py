"""Everything that the workflows need from outside, in one value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rotation.domain.identifiers import ClientId
from rotation.domain.pace import Paces
from rotation.domain.schedule import Schedule
from rotation.domain.secret import SecretText
from rotation.ledger.control import Control
from rotation.ledger.lines import Lines
from rotation.ledger.notices import Notices
from rotation.ledger.reminders import Reminders
from rotation.ledger.wakes import Wakes
from rotation.ports.audit import AuditTrail
from rotation.ports.clock import Clock, Ulids
from rotation.ports.configuration import Configurations
from rotation.ports.directory import Directory
from rotation.ports.integration import Integrations
from rotation.ports.notices import Channel
from rotation.ports.queues import Queues
from rotation.ports.sign_in import SignIn
from rotation.ports.snapshots import Snapshots
from rotation.ports.surroundings import Surroundings
from rotation.ports.tables import Tables
from rotation.ports.throw_aways import ThrowAways
from rotation.ports.usage import UsageSource
from rotation.ports.vault import Vaults
from rotation.workflows.reading.inventory.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Spans that are settings, so that a laptop's night takes seconds."""

    lease: timedelta = timedelta(minutes=2)
    look_spacing: timedelta = timedelta(seconds=30)
    """Between two looks that decide together (reads lag writes, platform.md A3)."""
    paused_recheck: timedelta = timedelta(minutes=5)
    phase_deadline: timedelta = timedelta(days=1)
    proof_deadline: timedelta = timedelta(minutes=15)
    orphan_age: timedelta = timedelta(hours=1)
    evidence_every: timedelta = timedelta(days=1)
    scan_heartbeat: timedelta = timedelta(seconds=30)
    scan_silent: timedelta = timedelta(minutes=15)
    notice_silent: timedelta = timedelta(minutes=10)
    nudge_within: timedelta = timedelta(minutes=5)
    """A wait shorter than this travels as a delayed message beside the wake."""
    destination_call: timedelta = timedelta(seconds=60)
    """A destination's answer that takes longer is cut."""


@dataclass(slots=True)
class KeyCache:
    """Keys as this process last read them: those that we sign with, and the one of calendars' addresses."""

    keys: tuple[SecretText, ...] = field(default=(), repr=False)
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The composition root makes one; tests make one of fakes."""

    clock: Clock
    ulids: Ulids
    directory: Directory
    sign_in: SignIn
    vaults: Vaults
    tables: Tables
    queues: Queues
    snapshots: Snapshots
    audit_trail: AuditTrail
    usage: Sequence[UsageSource]
    """Every usage source of this deployment; none: silence cannot be told."""
    integrations: Integrations
    channels: Sequence[Channel]
    configurations: Configurations
    surroundings: Surroundings
    throw_aways: ThrowAways
    tenant_id: str
    vault_url: str
    worker: str
    """Who we are in leases: host and process."""
    own_client_ids: frozenset[ClientId] = frozenset()
    """Our own identities are never enrolled."""
    timing: Timing = field(default_factory=Timing)
    paces: Paces = field(default_factory=Paces)
    """How fast this process writes to the directory: one value a process, for it learns."""
    nights: Schedule | None = None
    """When the nightly scan is due; None, at a terminal: once a day."""
    shelf: Shelf = field(default_factory=Shelf)
    """Holds the inventory, once a page has asked for it."""
    link: str = ""
    """Address of the dashboard, for links in notices."""
    signing_keys: KeyCache = field(default_factory=KeyCache)
    feed_keys: KeyCache = field(default_factory=KeyCache)

    @property
    def wakes(self) -> Wakes:
        """Table `wakes`."""
        return Wakes(self.tables)

    @property
    def lines(self) -> Lines:
        """Table `lines`."""
        return Lines(self.tables)

    @property
    def control(self) -> Control:
        """Table `control`."""
        return Control(self.tables)

    @property
    def reminders(self) -> Reminders:
        """Table `reminders`."""
        return Reminders(self.tables)

    @property
    def notices(self) -> Notices:
        """Table `notices`."""
        return Notices(self.tables)
