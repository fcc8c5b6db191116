"""What is asked of a line, what came of it, and what the answer is decided from."""

from dataclasses import dataclass
from datetime import datetime

from rotation.domain.identifiers import KeyId, RotationId
from rotation.domain.line import Line, Reason
from rotation.domain.policy import Configuration
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.fence import Fence
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks for what."""

    by: str
    reason: Reason
    burnt: tuple[KeyId, ...] = ()
    leaked_at: datetime | None = None
    """A vault leaked then: what an open rotation has minted before, its key id known or not, is nobody's next one."""
    remove_first: bool = False
    succeed: bool = False
    """Yield an open rotation that has published; without it such a request is refused."""
    ticket: str = ""
    scan: str = ""
    where: str = ""
    """From where it was asked."""

    @property
    def told(self) -> dict[str, str]:
        """Give what the audit trail keeps of it."""
        told = {"by": self.by, "reason": self.reason}
        return {**told, "where": self.where} if self.where else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A rotation was opened, or one was open already and does."""

    rotation: RotationId
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """Nothing was opened, and why."""

    why: str
    blocked: str = ""
    braked: bool = False
    """A brake of the night: it is as due as before, and is tried again."""


@dataclass(slots=True, kw_only=True)
class Opening:
    """One opening under the lease of its application: what it knows."""

    services: Services
    fence: Fence
    record: ApplicationRecord
    line: Line
    configuration: Configuration
    ask: Ask
