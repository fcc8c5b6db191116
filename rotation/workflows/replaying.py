"""
Send back to work what gave up: rotations, deliveries, scans and notices that crashed or failed as often as they may.

A queue message is a reference and the ledger is the truth, so nothing is read from poison queues: what they pointed to
is let go on where it stands, and nudged. A message that nobody can read points to nothing; those are only counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from rotation.domain.errors import LeaseHeld, NewerVersion, Refused, Superseded
from rotation.domain.identifiers import RotationId
from rotation.ledger.lines import IndexedLine
from rotation.ledger.scans import ScanRecord, Scans
from rotation.workflows.operating import retry
from rotation.workflows.scanning import GAVE_UP, begin_scan
from rotation.workflows.sending import send_again
from rotation.workflows.services import Services

LOOKED_BACK = timedelta(days=7)

type Progress = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What went back to work."""

    rotations: list[str] = field(default_factory=list)
    """With their deliveries."""
    scans: list[str] = field(default_factory=list)
    """The passes that were asked for again."""
    notices: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    """Somebody works on these now: say it again in a moment."""
    unreadable: int = 0
    """Messages of the last seven days that nobody could read: there is nothing to replay."""


async def replay(services: Services, *, by: str, where: str = "", progress: Progress = lambda _what: None) -> Replayed:
    """Let everything that gave up go on; said twice it is as said once."""
    done = Replayed()
    async for line in services.lines.all():
        if _gave_up(line):
            await _retry(services, line, done, by=by, where=where)
            progress(f"rotation of {line.display_name}")
    for record in await _scans(services):
        done.scans.append(await begin_scan(services, by=by, passes=record.passes))
        progress(f"scan of {', '.join(record.passes)}")
    async for key in services.notices.given_up():
        await send_again(services, key)
        done.notices.append(key)
        progress(f"notice {key}")
    since = services.clock.now() - LOOKED_BACK
    told = [row for row in await services.control.history() if row.values.get("what") == "message.given-up"]
    done.unreadable = sum(1 for row in told if str(row.values.get("at")) >= str(since))
    if done.rotations or done.scans or done.notices:
        count = len(done.rotations) + len(done.scans) + len(done.notices)
        now = services.clock.now()
        await services.control.audit(now, services.ulids.make(), "replayed", by=by, where=where, count=count)
    return done


def _gave_up(line: IndexedLine) -> bool:
    return bool(line.open) and "gave-up" in {line.stopped, *(why for _place, why in line.places_stopped)}


async def _retry(services: Services, line: IndexedLine, done: Replayed, *, by: str, where: str) -> None:
    rotation = RotationId(line.id.application, line.open or "")
    try:
        await retry(services, rotation, by=by, where=where)
    except Refused:
        return  # it has got on meanwhile
    except (LeaseHeld, NewerVersion, Superseded):
        done.later.append(str(rotation))
    else:
        done.rotations.append(str(rotation))


async def _scans(services: Services) -> list[ScanRecord]:
    """Give the last scan of each kind, where it gave up."""
    last: dict[tuple[str, ...], ScanRecord] = {}
    for record in await Scans(services.tables).since(services.clock.now() - LOOKED_BACK):
        if not record.dry_run:
            last[record.passes] = record
    return [record for record in last.values() if record.problem.startswith(GAVE_UP)]
