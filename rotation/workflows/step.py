"""One step of one rotation under the lease of its application: what it knows, and how it writes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rotation.domain.credential import Application
from rotation.domain.errors import NeedsPerson
from rotation.domain.identifiers import DestinationName
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Destination, LineEntry, Mode, Policy
from rotation.domain.rotation import Blocked, Completed, Overlapping, Phase, Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.fence import Fence
from rotation.ledger.notices import OUTBOX, OutboxEntry
from rotation.ports.tables import Change, Upsert
from rotation.ports.vault import Vault
from rotation.workflows.services import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of history; ids and names only."""

    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Hold(Exception):
    """A brake is on: nothing is done, and we look again at `until`."""

    def __init__(self, why: str, until: datetime) -> None:
        super().__init__(why)
        self.why = why
        self.until = until


@dataclass(slots=True, kw_only=True)
class Step:
    """What a phase is carried forward with. `rotation` and `line` are as last saved."""

    services: Services
    fence: Fence
    record: ApplicationRecord
    rotation: Rotation
    configuration: Configuration
    looked: Application | None = None
    """The application as this step read it last."""

    @property
    def now(self) -> datetime:
        """The instant, asked anew."""
        return self.services.clock.now()

    @property
    def line(self) -> Line:
        """The rotation's line."""
        found = self.record.lines.get(self.rotation.line)
        if found is None:
            raise NeedsPerson("the line was released", reason="released", line=str(self.rotation.line_id))
        return found

    @property
    def policy(self) -> Policy:
        """
        The policy that the enrolment names, as it is configured now.

        Raises:
            NeedsPerson: It is gone from the configuration (`policy-gone`).
        """
        policy = self.configuration.policy(self.line.enrolment.policy)
        if policy is None:
            raise NeedsPerson(
                f"policy {self.line.enrolment.policy} is not in the configuration any more", reason="policy-gone"
            )
        return policy

    @property
    def entry(self) -> LineEntry:
        """That policy's entry for this line (`policy-gone` where there is none)."""
        entry = self.policy.entry(self.rotation.line, self.rotation.id.application)
        if entry is None:
            raise NeedsPerson(f"line {self.rotation.line} is not in its policy any more", reason="policy-gone")
        return entry

    @property
    def vault(self) -> Vault:
        """The vault of this line."""
        return self.services.vaults.at(self.line.enrolment.vault_url)

    @property
    def staged_name(self) -> str:
        """Where secrets stand until they are proven."""
        return f"{self.line.enrolment.secret_name}-staged"

    @property
    def is_canary(self) -> bool:
        """Tell whether this is the line that tries the night out."""
        canary = self.configuration.canary
        return canary is not None and (canary.application, canary.line) == (
            self.rotation.id.application,
            self.rotation.line,
        )

    def named(self) -> dict[DestinationName, Destination]:
        """Give the destinations that the configuration names for this line today."""
        return {name: self.configuration.destinations[name] for name in self.entry.destinations}

    async def application(self) -> Application:
        """Read the application now."""
        self.looked = await self.services.directory.application(self.rotation.id.application)
        return self.looked

    async def permit(self) -> None:
        """
        Read pause and mode again, and hold enough of the lease for one effect.

        Raises:
            Hold: A brake is on.
        """
        timing = self.services.timing
        if await self.services.control.pause() is not None:
            raise Hold("paused", self.now + timing.paused_recheck)
        self.configuration = await self.services.configurations.current()
        if self.policy.mode is not Mode.ROTATE:
            raise Hold(f"policy {self.policy.name} says {self.policy.mode}", self.now + timing.paused_recheck)
        await self.fence.ready(self.now)

    def held_by_window(self) -> bool:
        """Tell whether a closed window holds us: it yields when the old credential would end first."""
        if self.policy.permits_now(self.now) or self.rotation.urgent or self.is_canary:
            return False
        ends = [key.end_at for key in self.line.keys if key.key_id in self.rotation.predecessors]
        return not ends or max(ends) - self.now > self.services.timing.phase_deadline

    async def save(
        self,
        phase: Phase | None = None,
        *,
        rotation: Rotation | None = None,
        line: Line | None = None,
        events: Sequence[Event] = (),
        outbox: Sequence[OutboxEntry] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        """Write what is now true, in one transaction with the lease."""
        now = self.now
        before = self.rotation
        after = rotation or before
        if phase is not None:
            moved = after.moved(phase, now)
            events = (
                (Event(what=phase.phase, facts=_told(phase)), *events)
                if type(phase) is not type(after.phase)
                else events
            )
            after = moved
        rows: list[Change] = [*changes, ledger.put_rotation(after)]
        if line is not None:
            rows.append(ledger.put_line(line))
        for event in events:
            facts = {"rotation": after.id.ulid, "line": after.line, **event.facts}
            rows.append(ledger.put_event(now, self.services.ulids.make(), what=event.what, facts=facts))
        for entry in outbox:
            key = keys.outbox(after.id.ulid, self.services.ulids.make())
            rows.append(Upsert(key=key, values=OUTBOX.columns(entry)))
            self.record.outbox[key] = entry
        await self.fence.commit(rows, now=now)
        _log_move(before, after, now=now)
        self.rotation = after
        self.record.rotations[after.id.ulid] = after
        if line is not None:
            self.record.lines[line.id.name] = line

    async def reload(self) -> None:
        """Read the partition again: deliveries are written by others."""
        self.record = await ledger.read(self.services.tables, self.rotation.id.application)
        self.rotation = self.record.rotations[self.rotation.id.ulid]


def _log_move(before: Rotation, after: Rotation, *, now: datetime) -> None:
    if type(before.phase) is type(after.phase):
        return
    spent = (now - before.phase_since).total_seconds()
    moved = {"rotation": str(after.id), "before": before.phase.phase, "phase": after.phase.phase, "seconds": spent}
    log.info("rotation.moved", extra=moved)
    if isinstance(after.phase, Blocked):
        log.warning("rotation.blocked", extra={"rotation": str(after.id), "reason": after.phase.reason})


def _told(phase: Phase) -> dict[str, object]:
    match phase:
        case Blocked():
            return {"reason": phase.reason, "detail": phase.detail}
        case Overlapping() | Completed():
            return {"key_id": phase.publication.minted.key_id, "version": phase.publication.version}
        case _:
            return {}
