"""
Once a week the index of lines is written anew from the truth, and every open rotation is looked at without its wake.

What a crash left behind between two tables is mended here: an index entry that is old, missing or without truth, and
a wake that was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rotation.domain.delivery import Cause
from rotation.domain.errors import NewerVersion
from rotation.domain.identifiers import LineId, LineName, ObjectId, RotationId
from rotation.domain.line import Line
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine, index
from rotation.ports.tables import Query, prefix
from rotation.workflows.services import Services

WITHOUT_TRUTH_KEPT = timedelta(days=1)
"""Enrolment writes the index before the truth: younger than this, the truth may be on its way."""


async def write_lines_anew(services: Services) -> Mapping[str, int]:
    """Write `lines` from the truth, wake what is open, delete what has no truth; tell how many of each."""
    written = woken = dropped = newer = 0
    for line_id in await _enrolled(services):
        truth = _Truth(services, line_id)
        try:
            await services.lines.settle(line_id, truth.entry)
        except NewerVersion:
            newer += 1
            continue
        written += truth.differs
        woken += await truth.wake()
    async for entry in services.lines.all():
        dropped += await _drop(services, entry)
    return {"lines_written": written, "lines_woken": woken, "lines_dropped": dropped, "lines_newer": newer}


async def _enrolled(services: Services) -> list[LineId]:
    span = prefix(None, "a|line|")
    query = Query(first=span.first, before=span.before, columns=("policy",))
    rows = [row async for row in services.tables.query(keys.ROTATIONS, query)]
    return [LineId(ObjectId(row.partition), LineName(row.key.split("|")[2])) for row in rows]


@dataclass(slots=True)
class _Truth:
    """What a line's application says, read after the entry: a rotation may write both at any moment."""

    services: Services
    line_id: LineId
    differs: bool = False
    _record: ApplicationRecord | None = None

    async def entry(self, before: IndexedLine | None) -> IndexedLine | None:
        """Give the entry as it should be; what tonight's scan found due stays noted."""
        self.differs = False
        self._record = await ledger.read(self.services.tables, self.line_id.application)
        line = self._record.lines.get(self.line_id.name)
        if line is None:
            return None
        entry = index(line, self._record, self._record.rotations.get(line.latest or ""))
        kept = entry.due_as(before) if before else entry
        self.differs = kept != before
        return kept

    async def wake(self) -> int:
        """Wake what is open of the line, as it was read."""
        record = self._record
        line = record.lines.get(self.line_id.name) if record else None
        return await _wake(self.services, line, record) if line and record else 0


async def _wake(services: Services, line: Line, record: ApplicationRecord) -> int:
    """
    Look at the line's latest rotation and its open deliveries: an ended one may owe litter and notices.

    What heals a destination, or goes back at one, may be of an earlier rotation, and goes on after its end.
    """
    rotation = record.rotations.get(line.latest or "")
    if rotation is None:
        return 0
    now = services.clock.now()
    await services.wakes.set(rotation.id, now)
    keeper = line.current_key.minted_by if line.current_key else None
    if keeper is not None and keeper != line.latest:
        await services.wakes.set(RotationId(line.id.application, keeper), now)
    for stored in record.deliveries.values():
        delivery = stored.delivery
        of_open = rotation.open and delivery.rotation == rotation.id
        if (of_open or delivery.cause is not Cause.ROTATION) and delivery.line == line.id.name and not delivery.ended:
            await services.wakes.set(delivery.rotation, now, destination=delivery.destination)
    return 1


async def _drop(services: Services, entry: IndexedLine) -> int:
    place = (keys.ROTATIONS, entry.id.application, keys.line(entry.id.name))
    if await services.tables.get(*place) is not None:
        return 0
    now = services.clock.now()
    if entry.enrolled_at is not None and now - entry.enrolled_at < WITHOUT_TRUTH_KEPT:
        return 0
    await services.lines.drop(entry.id)
    return 1
