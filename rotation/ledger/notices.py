"""Notices: saved with the record, moved to table `notices`, sent at least once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotation.domain.errors import StaleRecord
from rotation.domain.identifiers import AudienceName
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ports.notices import Message
from rotation.ports.tables import Delete, Insert, Query, Replace, Tables

PARTITION = "notices"
NEWS_WAIT = timedelta(hours=26)
"""So long news wait for a digest, which is daily; what none has taken by then is sent alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A notice saved in the transaction of the move that it tells of."""

    kind: str
    """Slug of what happened: `blocked`, `hand-off-opened`, `rotated`, `still-in-use`, `contested` ..."""
    audience: AudienceName | None
    message: Message
    owners_of: str | None = None
    """Object id of the application whose owners hear first; the audience, where there are none."""
    urgent: bool = False
    """It does not wait for quiet hours to end."""
    news: bool = False
    """It asks nothing of anybody, and waits for the next digest."""

    def notice(self, at: datetime) -> "Notice":
        """Make what is to be sent."""
        return Notice(
            kind=self.kind,
            audience=self.audience,
            message=self.message,
            created_at=at,
            owners_of=self.owners_of,
            urgent=self.urgent,
            news=self.news,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be sent, and how far it is."""

    kind: str
    audience: AudienceName | None
    message: Message
    created_at: datetime
    owners_of: str | None = None
    urgent: bool = False
    news: bool = False
    """It waits for the next digest."""
    claimed_at: datetime | None = None
    tries: int = 0
    reached: tuple[str, ...] = ()
    """Channels that have taken it: tried again, it goes to the others only."""
    given_up: str = ""

    @property
    def look_at(self) -> datetime:
        """When it is to be sent, if nothing else has taken it."""
        return self.created_at + NEWS_WAIT if self.news else self.created_at


OUTBOX: Codec[OutboxEntry] = Codec(OutboxEntry, version=2)
NOTICE: Codec[Notice] = Codec(Notice, version=None)


class Notices:
    """The rows of table `notices`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, key: str, notice: Notice) -> bool:
        """Save a notice; False where one of that key is saved already."""
        columns = {**NOTICE.columns(notice), "look_at": notice.look_at, "kind": notice.kind}
        try:
            await self._tables.commit(keys.NOTICES, PARTITION, [Insert(key=key, values=columns)])
        except StaleRecord:
            return False
        return True

    async def get(self, key: str) -> tuple[Notice, str] | None:
        """Read a notice with its etag."""
        row = await self._tables.get(keys.NOTICES, PARTITION, key)
        return (NOTICE.record(row.values), row.etag) if row else None

    async def change(self, key: str, notice: Notice, *, etag: str, look_at: datetime) -> str:
        """
        Write a notice again and give its new etag.

        Raises:
            StaleRecord: Somebody else has it.
        """
        columns = {**NOTICE.columns(notice), "look_at": look_at, "kind": notice.kind}
        change = Replace(key=key, values=columns, etag=etag)
        return (await self._tables.commit(keys.NOTICES, PARTITION, [change]))[key]

    async def drop(self, key: str) -> None:
        """Forget a notice that was sent."""
        await self._tables.commit(keys.NOTICES, PARTITION, [Delete(key=key)])

    async def due(self, now: datetime) -> AsyncIterator[str]:
        """Read the keys of notices that nobody has sent."""
        async for row in self._tables.query(keys.NOTICES, Query(partition=PARTITION, due=("look_at", now))):
            yield row.key

    async def gathered(self) -> AsyncIterator[tuple[str, Notice]]:
        """Read what waits for the next digest."""
        async for row in self._tables.query(keys.NOTICES, Query(partition=PARTITION)):
            notice = NOTICE.record(row.values)
            if notice.news and not notice.tries:
                yield row.key, notice

    async def given_up(self) -> AsyncIterator[str]:
        """Read the keys of notices that are not tried again."""
        async for key, _notice in self.undelivered():
            yield key

    async def undelivered(self) -> AsyncIterator[tuple[str, Notice]]:
        """Read what is not tried again, with why (`given_up`) and whom it reached all the same (`reached`)."""
        async for row in self._tables.query(keys.NOTICES, Query(partition=PARTITION)):
            notice = NOTICE.record(row.values)
            if notice.given_up:
                yield row.key, notice
