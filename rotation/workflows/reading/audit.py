"""The audit trail: who did what and from where, of the deployment itself, of one application, or of all on one day."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rotation.domain.identifiers import ObjectId
from rotation.ledger import keys
from rotation.ports.tables import Query, Row
from rotation.workflows import auditing
from rotation.workflows.reading.paging import PAGE, Paged, paged
from rotation.workflows.services import Services
from rotation.workflows.telling import event
from rotation.workflows.views import EventView

LOOKED_BACK = timedelta(days=30)
_FIRST, _AFTER = "z|event|", "z|event}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the trail."""

    key: str
    """Sorts by time."""
    application: str
    """Object id; empty: it is about the deployment itself."""
    event: EventView


async def audit(
    services: Services,
    *,
    of: ObjectId | None = None,
    since: datetime | None = None,
    limit: int = PAGE,
    cursor: str | None = None,
) -> Paged[AuditRow]:
    """
    Give what happened to the deployment, or to one application, newest first; without *since*, in the last 30 days.

    Raises:
        Misread: The cursor is none.
    """
    rows = [row async for row in trail(services, of=of, since=since)]
    return paged(rows[::-1], lambda row: row.key, limit=limit, cursor=cursor, down=True)


async def trail(
    services: Services, *, of: ObjectId | None = None, since: datetime | None = None
) -> AsyncIterator[AuditRow]:
    """Read what happened to the deployment, or to one application, oldest first; else in the last 30 days."""
    table, partition = (keys.ROTATIONS, str(of)) if of else (keys.CONTROL, keys.CONTROL)
    first = f"{_FIRST}{since or services.clock.now() - LOOKED_BACK:%Y%m%dT%H%M%S}"
    async for row in services.tables.query(table, Query(partition=partition, first=first, before=_AFTER)):
        yield _row(row)


async def of_day(services: Services, day: date) -> list[AuditRow]:
    """
    Read what happened on one day (UTC) to the deployment and to every application, oldest first.

    It is read where history is copied to each hour, a file a day: of today what is younger than an hour is missing.

    Raises:
        Unavailable, AccessDenied: It cannot be read now.
    """
    found = [
        _copied(told)
        async for told in auditing.trail(services, day, until=day + timedelta(days=1))
        if datetime.fromisoformat(told["at"]).astimezone(UTC).date() == day
    ]
    return sorted(found, key=lambda row: row.key)


def _copied(told: Mapping[str, Any]) -> AuditRow:
    """Read a line as `auditing` wrote it."""
    values = {name: value for name, value in told.items() if name not in {"id", "tenant", "about"}}
    at = datetime.fromisoformat(told["at"])
    return _row(Row(partition=told["about"], key=f"{_FIRST}{told['id']}", values={**values, "at": at}))


def _row(row: Row) -> AuditRow:
    application = "" if row.partition == keys.CONTROL else row.partition
    return AuditRow(key=row.key.removeprefix(_FIRST), application=application, event=event(row))
