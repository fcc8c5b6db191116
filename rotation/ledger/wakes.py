"""When to look at something open again: may be early, never late (protocol.md, Wakes)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.errors import StaleRecord
from rotation.domain.identifiers import DestinationName, ObjectId, RotationId
from rotation.ledger import keys
from rotation.ports.tables import Delete, Query, Replace, Row, Tables, Upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One row: of a rotation, or of one of its deliveries."""

    rotation: RotationId
    destination: DestinationName | None
    look_at: datetime
    etag: str

    @property
    def key(self) -> str:
        """Its row key."""
        if self.destination is None:
            return keys.rotation_wake(self.rotation)
        return keys.delivery_wake(self.rotation, self.destination)


class Wakes:
    """The rows of table `wakes`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def set(self, rotation: RotationId, at: datetime, *, destination: DestinationName | None = None) -> str:
        """
        Write the wake, whatever was there, and give its etag.

        For the worker that holds the lease before its step, for a new one, and for anybody who sets it earlier.
        """
        key = _key(rotation, destination)
        change = Upsert(key=key, values={"look_at": at})
        return (await self._tables.commit(keys.WAKES, keys.shard(rotation.application), [change]))[key]

    async def later(
        self, rotation: RotationId, at: datetime, *, etag: str, destination: DestinationName | None = None
    ) -> datetime | None:
        """
        Move it later, unless somebody has written it meanwhile: theirs stands.

        Returns:
            The instant that stands now; None where it was deleted.
        """
        key, shard = _key(rotation, destination), keys.shard(rotation.application)
        try:
            await self._tables.commit(keys.WAKES, shard, [Replace(key=key, values={"look_at": at}, etag=etag)])
        except StaleRecord:
            row = await self._tables.get(keys.WAKES, shard, key)
            return _look_at(row) if row else None
        return at

    async def drop(self, rotation: RotationId, *, etag: str, destination: DestinationName | None = None) -> None:
        """Delete it, unless somebody has written it meanwhile."""
        change = Delete(key=_key(rotation, destination), etag=etag)
        try:
            await self._tables.commit(keys.WAKES, keys.shard(rotation.application), [change])
        except StaleRecord:
            return

    async def due(self, now: datetime) -> AsyncIterator[Wake]:
        """Read what is to be looked at; of what a newer version keeps here in another form, nothing."""
        async for row in self._tables.query(keys.WAKES, Query(due=("look_at", now))):
            match row.key.split("|"):
                case [application, ulid]:
                    yield _wake(row, RotationId(ObjectId(application), ulid), None)
                case [application, ulid, name]:
                    yield _wake(row, RotationId(ObjectId(application), ulid), DestinationName(name))


def _wake(row: Row, rotation: RotationId, destination: DestinationName | None) -> Wake:
    return Wake(rotation=rotation, destination=destination, look_at=_look_at(row), etag=row.etag)


def _look_at(row: Row) -> datetime:
    look_at = row.values["look_at"]
    assert isinstance(look_at, datetime)
    return look_at


def _key(rotation: RotationId, destination: DestinationName | None) -> str:
    return keys.rotation_wake(rotation) if destination is None else keys.delivery_wake(rotation, destination)
