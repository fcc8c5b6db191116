"""Write down what a survey found. It is no enrolment: nothing is minted, published, delivered or removed by it."""

from dataclasses import dataclass

from rotation.domain.errors import Retryable, Superseded
from rotation.domain.identifiers import LineId, RotationId
from rotation.domain.rebuilt import RebuiltLine
from rotation.ledger import application as ledger
from rotation.workflows.rebuilding.survey import Survey
from rotation.workflows.rotate import take_application
from rotation.workflows.scanning import begin_scan
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was written, what was so already, and what must be tried again."""

    written: tuple[LineId, ...]
    known: tuple[LineId, ...]
    later: tuple[str, ...]
    """Lines that somebody works on now, and why: run it again."""
    scan: str
    """The scan that was asked for: reminders come from the end dates that it writes."""


async def rebuild(services: Services, seen: Survey, *, by: str, where: str = "") -> Rebuilt:
    """
    Write a row for each line of the survey, and ask for a scan.

    Whatever dies in the middle is done by the next run, which writes nothing twice.
    """
    written: list[LineId] = []
    known: list[LineId] = []
    later: list[str] = []
    for line in seen.lines:
        try:
            (written if await _write(services, line, by=by, where=where) else known).append(line.id)
        except (Retryable, Superseded) as error:
            later.append(f"{line.display_name}/{line.id.name}: {error.message}")
    facts = {"by": by, "written": len(written), "strays": len(seen.strays), "where": where or None}
    await services.control.audit(services.clock.now(), services.ulids.make(), "rebuilt", **facts)
    scan = await begin_scan(services, by=by)
    return Rebuilt(written=tuple(written), known=tuple(known), later=tuple(later), scan=scan)


async def _write(services: Services, line: RebuiltLine, *, by: str, where: str) -> bool:
    """Write one row, unless it stands there or somebody has enrolled the line meanwhile."""
    fence = await take_application(services, RotationId(line.id.application, services.ulids.make()))
    try:
        record = await ledger.read(services.tables, line.id.application)
        if line.id.name in record.lines or record.rebuilt.get(line.id.name) == line:
            return False
        now = services.clock.now()
        facts = {"line": line.id.name, "by": by, "key_ids": ",".join(each.key_id for each in line.secrets)}
        facts |= {"where": where} if where else {}
        event = ledger.put_event(now, services.ulids.make(), what="line.rebuilt", facts=facts)
        await fence.commit([ledger.put_rebuilt(line), event], now=now)
    finally:
        await fence.release(services.clock.now())
    return True
