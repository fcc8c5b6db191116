"""The audit trail: who did what and from where, of the deployment itself and of each application."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.identifiers import ObjectId
from rotation.ledger import keys
from rotation.ports.tables import Query, Row
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


def _row(row: Row) -> AuditRow:
    application = "" if row.partition == keys.CONTROL else row.partition
    return AuditRow(key=row.key.removeprefix(_FIRST), application=application, event=event(row))
