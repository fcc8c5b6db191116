"""What may happen once: requests and forms that were answered (table `once`). Each row has an end."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rotation.domain.errors import StaleRecord, Unavailable
from rotation.ledger import keys
from rotation.ledger.codec import Codec
from rotation.ports.tables import Delete, Insert, Query, Replace, Tables, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One thing that was begun, and what came of it."""

    kind: str
    owner: str
    """Names this one taking: after a doubtful answer the row tells whether it was ours."""
    began_at: datetime
    expires_at: datetime
    fingerprint: str = ""
    """Of what was asked: the same key with another body is another request."""
    status: int = 0
    """0 while nothing has come of it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = ""
    body: str = ""


CODEC: Codec[Taken] = Codec(Taken, version=None)


class Once:
    """The rows of table `once`; the key is a hash, because callers choose their own texts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def take(self, key: str, taken: Taken) -> bool:
        """Take it; False where somebody else has."""
        partition, row = _address(taken.kind, key)
        try:
            await self._tables.commit(keys.ONCE, partition, [Insert(key=row, values=_columns(taken))])
        except StaleRecord:
            return await self._is(key, taken)
        except Unavailable:
            if not await self._is(key, taken):
                raise
        return True

    async def _is(self, key: str, taken: Taken) -> bool:
        found = await self.find(taken.kind, key)
        return found is not None and found[0] == taken

    async def find(self, kind: str, key: str) -> tuple[Taken, str] | None:
        """Read what was taken, and its etag."""
        found = await self._tables.get(keys.ONCE, *_address(kind, key))
        return (CODEC.record(found.values), found.etag) if found else None

    async def put(self, key: str, taken: Taken, *, etag: str) -> None:
        """
        Replace it.

        Raises:
            StaleRecord: Somebody else has.
        """
        partition, row = _address(taken.kind, key)
        try:
            await self._tables.commit(keys.ONCE, partition, [Replace(key=row, values=_columns(taken), etag=etag)])
        except (StaleRecord, Unavailable):
            if not await self._is(key, taken):
                raise

    async def give_back(self, kind: str, key: str) -> None:
        """Forget it: nothing came of it."""
        partition, row = _address(kind, key)
        await self._tables.commit(keys.ONCE, partition, [Delete(key=row)])

    async def sweep(self, now: datetime) -> int:
        """Remove what has ended; gives how many."""
        ended = [row async for row in self._tables.query(keys.ONCE, Query(due=("expires_at", now)))]
        for row in ended:
            await self._tables.commit(keys.ONCE, row.partition, [Delete(key=row.key)])
        return len(ended)


def _columns(taken: Taken) -> dict[str, Value]:
    return {**CODEC.columns(taken), "expires_at": taken.expires_at}


def _address(kind: str, key: str) -> tuple[str, str]:
    digest = hashlib.sha256(f"{kind}|{key}".encode()).hexdigest()
    return digest[:2], digest
