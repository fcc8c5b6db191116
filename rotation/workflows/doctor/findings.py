"""A finding: what was looked at, how it stands, and the exact command that mends it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rotation.domain.errors import Misconfigured, NeedsPerson, NotFound, Refused, RotationError
from rotation.domain.policy import Configuration
from rotation.ports.surroundings import Identity
from rotation.workflows.services import Services

WITHIN = timedelta(seconds=90)


class Standing(StrEnum):
    """How something stands."""

    FINE = "fine"
    WARNING = "warning"
    """It works; somebody should know."""
    UNKNOWN = "unknown"
    """It could not be looked at now."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """What kind of thing: `permission`, `vault`, `queue` ..."""
    subject: str
    standing: Standing
    says: str
    remedy: str = ""
    """A command, or where it is written; empty where nothing need be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """How far a doctor may go."""

    probe: bool = True
    """Write and take back: a row of table `control`, a message in each queue, a version of a vault's probe secret."""
    sparing: bool = False
    """Let a vault's probe of the last hour stand: for who asks often."""
    notify: bool = False
    """Send a message on each channel of each audience."""
    by: str = "doctor"
    """Who asked, for the messages and the audit trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What every check looks at. What could not be read is None, and was told of already."""

    services: Services
    wants: Wants
    identity: Identity | None
    configuration: Configuration | None

    @property
    def object_id(self) -> str:
        """Give the object id of whoever looks: an access that is refused is theirs."""
        return self.identity.object_id if self.identity else "OBJECT_ID"

    @property
    def graph_grant(self) -> str:
        """Give the command that grants whoever looks the permissions on Graph that are needed."""
        return f"infra/scripts/grant-graph-permissions.sh --identity {self.object_id} --apply"

    def storage_role(self, role: str) -> str:
        """Give the command that grants whoever looks a role on the storage account."""
        account = self.services.surroundings.place.storage_account
        scope = f"$(az storage account show --name {account} --query id -o tsv)"
        return f'az role assignment create --role "{role}" --assignee {self.object_id} --scope {scope}'


type Findings = AsyncIterator[Finding]


def fine(check: str, subject: str, says: str) -> Finding:
    """Say that it holds."""
    return Finding(check=check, subject=subject, standing=Standing.FINE, says=says)


def broken(check: str, subject: str, says: str, *, remedy: str) -> Finding:
    """Say that it does not hold."""
    return Finding(check=check, subject=subject, standing=Standing.BROKEN, says=says, remedy=remedy)


def warning(check: str, subject: str, says: str, *, remedy: str = "") -> Finding:
    """Say what somebody should know."""
    return Finding(check=check, subject=subject, standing=Standing.WARNING, says=says, remedy=remedy)


def failed(check: str, subject: str, error: RotationError, *, remedy: str) -> Finding:
    """Say what an error means: who must mend it is broken, what may pass is unknown."""
    mend = isinstance(error, NeedsPerson | NotFound | Misconfigured | Refused)
    return Finding(
        check=check,
        subject=subject,
        standing=Standing.BROKEN if mend else Standing.UNKNOWN,
        says=error.message,
        remedy=remedy if mend else f"run it again; if it stays so: {remedy}" if remedy else "run it again",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found, in the order in which it was looked at."""

    at: datetime
    who: str
    findings: tuple[Finding, ...]

    def of(self, *standings: Standing) -> tuple[Finding, ...]:
        """Give the findings of these standings."""
        return tuple(finding for finding in self.findings if finding.standing in standings)

    @property
    def healthy(self) -> bool:
        """Tell whether nothing is broken and everything could be looked at."""
        return not self.of(Standing.BROKEN, Standing.UNKNOWN)


@dataclass(slots=True, kw_only=True)
class Ward:
    """Collect what one check finds; an error that it did not foresee is a finding, and ends this check alone."""

    check: str
    remedy: str
    found: list[Finding] = field(default_factory=list)

    async def take(self, findings: Findings) -> Sequence[Finding]:
        """Run a check to its end, within a time."""
        try:
            async with asyncio.timeout(WITHIN.total_seconds()):
                async for finding in findings:
                    self.found.append(finding)
        except RotationError as error:
            self.found.append(failed(self.check, "", error, remedy=self.remedy))
        except TimeoutError:
            told = f"no answer within {WITHIN.seconds} s"
            self.found.append(
                Finding(check=self.check, subject="", standing=Standing.UNKNOWN, says=told, remedy="run it again")
            )
        return self.found
