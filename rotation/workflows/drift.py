"""
The drift pass: what destinations were verified to hold is verified again each night (protocol.md, Contested).

Looks take no lease and run side by side, each cut by its own time-out; what could not be looked at decides nothing.
Lines beyond a night's share come on the nights after.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from zlib import crc32

from rotation.domain.delivery import DeliveryBlocked, Found
from rotation.domain.errors import LeaseHeld, NewerVersion, RotationError, Superseded, Unavailable
from rotation.domain.identifiers import DestinationName, RotationId
from rotation.domain.line import Line
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine
from rotation.workflows import healing
from rotation.workflows.contesting import contest, contested_at, is_contested
from rotation.workflows.errand import errand_of, never_taken
from rotation.workflows.healing import Look, Outcome
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

AT_ONCE = 8
LINES_A_NIGHT = 1000
WITHIN = timedelta(minutes=6)
"""A pass that takes longer says that it is incomplete: the host ends a function after ten minutes (host.json)."""
SETTLED_AFTER = timedelta(hours=1)
"""What was verified just now is not looked at again: a store may show it to one reader before another."""


@dataclass(slots=True, kw_only=True)
class DriftPass:
    """One pass. Counts are told even where it ends early."""

    services: Services
    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    _hung: set[DestinationName] = field(default_factory=set)
    """Destinations that gave no answer tonight: other lines do not wait for them again."""
    _heals: int = 0
    """How many more may be delivered again tonight."""
    _ends_at: datetime | None = None
    _unread: int = 0
    """Lines whose rows a newer version wrote."""

    async def read(self) -> None:
        """
        Look at everything that is ours to look at tonight.

        Raises:
            Unavailable: Not everything was looked at.
        """
        now = self.services.clock.now()
        self._ends_at = now + WITHIN
        self._heals = await self._room(now)
        self.counts.update({f"drift_{outcome}": 0 for outcome in Outcome})
        looks = [look async for look in self._looks(now)]
        gate = asyncio.Semaphore(AT_ONCE)
        ended = await asyncio.gather(*(self._one(look, gate) for look in looks), return_exceptions=True)
        bugs = [each for each in ended if isinstance(each, BaseException)]
        if bugs:
            raise bugs[0]
        left = len(looks) - sum(1 for each in ended if each)
        if left:
            raise Unavailable(f"{left} of {len(looks)} destinations were not looked at again")
        if self._unread:
            raise NewerVersion(f"the destinations of {self._unread} lines were not looked at again")

    async def _room(self, now: datetime) -> int:
        """As many as may be opened in a night may be delivered again in one."""
        configuration = await self.services.configurations.current()
        beginning = await self.services.control.beginning.read()
        return configuration.limits.at(now, beginning.first_enrolled_at).opened_per_night

    async def _looks(self, now: datetime) -> AsyncIterator[Look]:
        lines = [line async for line in self.services.lines.all() if line.minted_at is not None]
        for line in share(lines, now):
            record = await self._record(line)
            truth = record.lines.get(line.id.name) if record else None
            if record is None or truth is None or is_contested(truth):
                continue
            await self._finish_contested(record, truth)
            for look in await self._of_line(record, truth):
                self._remark_stopped(look)
                verified_at = look.errand.holding.verified_at
                if healing.watched(look) and verified_at is not None and now - verified_at > SETTLED_AFTER:
                    yield look

    async def _record(self, line: IndexedLine) -> ApplicationRecord | None:
        """Read the application of a line; None where a newer version has to."""
        try:
            return await ledger.read(self.services.tables, line.id.application)
        except NewerVersion as error:
            self._unread += 1
            self.remarks.append(f"{line.id}: {error.message}")
            return None

    def _remark_stopped(self, look: Look) -> None:
        """Name what stands stopped after its rotation has ended: no list of open rotations shows it."""
        phase, rotation = look.errand.delivery.phase, look.errand.rotation
        if isinstance(phase, DeliveryBlocked) and not rotation.open:
            where = f"{look.errand.line.id}: {look.errand.delivery.destination}"
            self.remarks.append(f"{where} is stopped ({phase.reason}); rotation retry {rotation.id.ulid}")

    async def _of_line(self, record: ApplicationRecord, line: Line) -> Sequence[Look]:
        held = line.current_key
        if held is None or held.minted_by is None:
            return ()
        rotation_id = RotationId(line.id.application, held.minted_by)
        looks = []
        for name in record.deliveries_of(rotation_id.ulid):
            fence = never_taken(self.services, line.id.application, keys.holding(line.id.name, name))
            errand = await errand_of(self.services, fence, record, rotation_id=rotation_id, name=name)
            assert errand is not None, "delivery, rotation and line are of this very record"
            looks.append(Look(errand=errand, record=record))
        return looks

    async def _finish_contested(self, record: ApplicationRecord, line: Line) -> None:
        """Block the line of a delivery that was found contested, where that was not done when it was found."""
        for stored in record.deliveries.values():
            phase = stored.delivery.phase
            if contested_at(stored.delivery, line) and isinstance(phase, DeliveryBlocked):
                await contest(self.services, line.id, phase.detail)

    async def _one(self, look: Look, gate: asyncio.Semaphore) -> bool:
        """Look at one destination; False where there was no time left for it."""
        async with gate:
            if self._ends_at is not None and self.services.clock.now() > self._ends_at:
                return False
            try:
                outcome = await self._outcome(look)
            except (LeaseHeld, Superseded):
                outcome = Outcome.LEFT
            except RotationError as error:
                outcome = await self._unknown(look, error)
            self.counts[f"drift_{outcome}"] += 1
            return True

    async def _outcome(self, look: Look) -> Outcome:
        name = look.errand.delivery.destination
        if name in self._hung:
            raise Unavailable("it gave no answer to another line tonight", reason="destination-hung")
        verdict = await healing.verdict_of(look.errand)
        match verdict.found:
            case Found.CURRENT:
                await healing.note_seen(look, verdict)
                return Outcome.CURRENT
            case Found.UNKNOWABLE:
                raise Unavailable(verdict.why)
            case Found.OLDER | Found.ABSENT:
                return await self._drifted(look, verdict.why)
            case _ as never:
                assert_never(never)

    async def _drifted(self, look: Look, why: str) -> Outcome:
        """Deliver again within the night's share; what holds back a removal is not made to wait for it."""
        where = f"{look.errand.line.id}: {look.errand.delivery.destination}"
        if self._heals <= 0 and not look.errand.rotation.open:
            self.remarks.append(f"{where}: holds something else, and comes on a later night: {why}")
            return Outcome.LEFT
        self._heals -= 1
        outcome = await healing.meet(look)
        if outcome is not Outcome.CURRENT:
            self.remarks.append(f"{where}: {outcome}: {why}")
        return outcome

    async def _unknown(self, look: Look, error: RotationError) -> Outcome:
        name = look.errand.delivery.destination
        if error.reason == "destination-hung":
            self._hung.add(name)
        self.remarks.append(f"{look.errand.line.id}: {name} could not be looked at ({error.reason}): {error.message}")
        log.info("drift.unknown", extra={"line": str(look.errand.line.id), "reason": error.reason})
        try:
            await healing.note_unseen(look, error.message)
        except (LeaseHeld, Superseded):
            return Outcome.LEFT
        return Outcome.UNKNOWN


def share(lines: Sequence[IndexedLine], now: datetime) -> Sequence[IndexedLine]:
    """Choose tonight's lines: all of them, or one of as many shares as they need."""
    shares = -(-len(lines) // LINES_A_NIGHT) or 1
    tonight = now.toordinal() % shares
    return [line for line in lines if crc32(str(line.id).encode()) % shares == tonight]
