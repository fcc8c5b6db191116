"""
Copy history to the one place that only grows (ports/audit.py), once an hour, each line at least once.

History is written in the transaction of the move that it tells of, so it is the outbox: whatever was not copied yet is
found again by where the copying stands, which is moved only after the lines are there. A line that is there twice
bears the same id twice.
"""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from rotation.domain.errors import NeedsPerson, Retryable
from rotation.ledger import keys
from rotation.ledger.control import PARTITION
from rotation.ports.tables import Query, Row
from rotation.workflows.notices import alarm
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

LAG = timedelta(minutes=15)
"""History younger than this may still be on its way: a step's lease, its longest call and two clocks are less."""
BATCH = 1000
_SHARDS = "0123456789abcdef"
_HISTORY = "z|event|"


async def keep_history(services: Services) -> None:
    """Copy what has come; where that cannot be, say so and hold nothing else back: it stands in the ledger."""
    try:
        await copy_history(services)
    except (Retryable, NeedsPerson) as error:
        log.warning("audit.not-copied", extra={"reason": error.reason})
        if isinstance(error, NeedsPerson):
            await alarm(
                services, "audit-not-copied", text=f"history cannot be copied to the audit trail: {error.message}"
            )


async def copy_history(services: Services) -> int:
    """
    Copy what has come since the last time, and give how many lines that were.

    A part of the applications is read at a time, so that one that ends early has copied something for good.

    Raises:
        Unavailable, AccessDenied: What was not copied is copied the next time.
    """
    copied = services.control.copied
    stands = await copied.read()
    until = f"{_HISTORY}{services.clock.now() - LAG:%Y%m%dT%H%M%S.%f}"
    lines = 0
    for part, (table, query) in _parts().items():
        added = await _copy(services, table, _between(query, stands.get(part, _HISTORY), until))
        if added:
            await copied.change(partial(_moved, until=until, parts=(part,)))
        lines += added
    await copied.change(partial(_moved, until=until, parts=tuple(_parts())))
    if lines:
        log.info("audit.copied", extra={"copied": lines})
    return lines


def _moved(before: Mapping[str, str], *, until: str, parts: tuple[str, ...]) -> Mapping[str, str]:
    """Move where the copying stands, never back: of two that copy at once one may be slow."""
    return {**before, **{part: max(until, before.get(part, "")) for part in parts}}


def _parts() -> Mapping[str, tuple[str, Query]]:
    """Give what is read at a time, by name: sixteen parts of the applications, and what belongs to none."""
    ends = [*_SHARDS[1:], "g"]
    applications = {
        shard: (keys.ROTATIONS, Query(partitions=(shard, end))) for shard, end in zip(_SHARDS, ends, strict=True)
    }
    return {**applications, keys.CONTROL: (keys.CONTROL, Query(partition=PARTITION))}


def _between(query: Query, first: str, until: str) -> Query:
    return Query(partition=query.partition, partitions=query.partitions, first=first, before=until)


async def _copy(services: Services, table: str, query: Query) -> int:
    copied = 0
    held: list[bytes] = []
    day = services.clock.now().date()
    async for row in services.tables.query(table, query):
        held.append(_line(row, tenant=services.tenant_id))
        copied += 1
        if len(held) == BATCH:
            await services.audit_trail.append(day, held)
            held = []
    if held:
        await services.audit_trail.append(day, held)
    return copied


def _line(row: Row, *, tenant: str) -> bytes:
    told = {"id": row.key.removeprefix(_HISTORY), "tenant": tenant, "about": row.partition, **row.values}
    return json.dumps(told, default=_instant, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


async def trail(services: Services, since: date, until: date = date.max) -> AsyncIterator[dict[str, Any]]:
    """Give every line of the audit trail that was copied from *since* to *until*, both with it, each once."""
    seen: set[tuple[str, str]] = set()
    async for line in services.audit_trail.read(since, until):
        told: dict[str, Any] = json.loads(line)
        mark = (told["about"], told["id"])
        if mark not in seen:
            seen.add(mark)
            yield told
