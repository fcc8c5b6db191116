"""Load the inventory on first use, keep it, and load it again when a newer file is there."""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from rotation.domain.errors import BrokenInvariant, NotFound
from rotation.ports.clock import Clock
from rotation.ports.snapshots import Snapshots, Stamp
from rotation.workflows.inventory import OWNERS, SNAPSHOT, InventoryLine, OwnersLine
from rotation.workflows.reading.inventory.columns import Columns

LOOK_EVERY = timedelta(seconds=10)
"""So seldom is it asked whether a newer file is there."""
AT_ONCE = 500
"""Applications between two turns of others, while it is loaded."""
SELECTIONS_KEPT = 8
"""Of earlier searches, so that their next pages cost nothing: four bytes for each application found."""

_APPLICATION = msgspec.json.Decoder(InventoryLine)
_OWNERS = msgspec.json.Decoder(OwnersLine)


@dataclass(slots=True, kw_only=True)
class Inventory:
    """One snapshot in memory."""

    columns: Columns
    etag: str
    owners_at: datetime | None = None
    """When owners were read; None: never."""
    owners_etag: str = ""
    selections: OrderedDict[Hashable, "array[int]"] = field(default_factory=OrderedDict)

    @property
    def at(self) -> datetime:
        """When the pass that wrote it began to write."""
        return self.columns.at

    def keep(self, wanted: Hashable, places: "array[int]") -> None:
        """Remember what a search found, and forget the one that was used longest ago."""
        self.selections[wanted] = places
        if len(self.selections) > SELECTIONS_KEPT:
            self.selections.popitem(last=False)

    def kept(self, wanted: Hashable) -> "array[int] | None":
        """Give what an earlier search of the same found."""
        found = self.selections.get(wanted)
        if found is not None:
            self.selections.move_to_end(wanted)
        return found


class Shelf:
    """Holds the inventory of one process."""

    def __init__(self) -> None:
        self._held: Inventory | None = None
        self._looked_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def inventory(self, snapshots: Snapshots, clock: Clock) -> Inventory:
        """
        Give the inventory as of the last complete pass.

        Raises:
            NotFound: No pass was ever complete (`no-inventory`).
            BrokenInvariant: The file holds what we do not write (`unreadable-row`).
        """
        async with self._lock:
            now = clock.now()
            looked = self._looked_at is not None and timedelta(0) <= now - self._looked_at < LOOK_EVERY
            if self._held is None or not looked:
                self._held = await _newest(snapshots, self._held)
                self._looked_at = now
            return self._held


async def _newest(snapshots: Snapshots, held: Inventory | None) -> Inventory:
    try:
        stamp = await snapshots.stamp(SNAPSHOT)
    except NotFound:
        why = "no scan was complete yet, so there is no list of applications: rotation scan"
        raise NotFound(why, reason="no-inventory") from None
    owners = await _stamp_of_owners(snapshots)
    owners_etag = owners.etag if owners else ""
    if held is None or held.etag != stamp.etag:
        held = Inventory(columns=await _load(snapshots, stamp.at), etag=stamp.etag)
    if owners is not None and held.owners_etag != owners_etag:
        await _load_owners(snapshots, held.columns)
        held.owners_at, held.owners_etag = owners.at, owners_etag
        held.selections.clear()
    return held


async def _stamp_of_owners(snapshots: Snapshots) -> Stamp | None:
    try:
        return await snapshots.stamp(OWNERS)
    except NotFound:
        return None


async def _load(snapshots: Snapshots, at: datetime) -> Columns:
    columns = Columns(at)
    async for line in snapshots.read(SNAPSHOT):
        columns.add(_decoded(_APPLICATION, line))
        if not len(columns) % AT_ONCE:
            await asyncio.sleep(0)
    return columns


async def _load_owners(snapshots: Snapshots, columns: Columns) -> None:
    places = {columns.object_ids.raw(place): place for place in range(len(columns))}
    owners = array("I", bytes(4 * len(columns)))
    columns.owner_words.number(None)
    async for line in snapshots.read(OWNERS):
        told = _decoded(_OWNERS, line)
        place = places.get(bytes.fromhex(told.object_id.replace("-", "")))
        if place is not None:
            owners[place] = columns.owner_words.number(tuple(told.owners))
    columns.owners = owners


def _decoded[Line](decoder: msgspec.json.Decoder[Line], line: bytes) -> Line:
    try:
        return decoder.decode(line)
    except msgspec.DecodeError:
        raise BrokenInvariant("a line of the inventory cannot be read", reason="unreadable-row") from None
