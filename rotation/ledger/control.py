"""The brakes, the night, configuration loads, and the audit of what belongs to no application (table `control`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rotation.domain.brakes import Breaker, Night, Pause, RampCount
from rotation.domain.errors import StaleRecord
from rotation.domain.reissue import Incident
from rotation.ledger import keys
from rotation.ledger.changing import change_row
from rotation.ledger.codec import Codec
from rotation.ledger.expiries import ENDS
from rotation.ledger.fence import Place
from rotation.ports.tables import Delete, Insert, Query, Row, Tables, Upsert, Value, prefix

PARTITION = keys.CONTROL
HISTORY = "z|"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReading:
    """How far one usage source has been read; the newest use of each key id is with its application."""

    first_read_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """When the first line was enrolled: the first week's smaller ramp counts from here."""

    first_enrolled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Since when somebody looks whether nights are missed, and when it was last looked."""

    since: datetime | None = None
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """When a rehearsal passed here last, and who played it."""

    passed_at: datetime | None = None
    by: str = ""


PAUSE: Codec[Pause] = Codec(Pause)
RAMP: Codec[RampCount] = Codec(RampCount)
BREAKER: Codec[Breaker] = Codec(Breaker)
NIGHT: Codec[Night | None] = Codec(Night | None)
USAGE: Codec[UsageReading] = Codec(UsageReading)
BEGINNING: Codec[Beginning] = Codec(Beginning)
WATCHED: Codec[Watched] = Codec(Watched)
REHEARSED: Codec[Rehearsed] = Codec(Rehearsed)
COPIED: Codec[Mapping[str, str]] = Codec(Mapping[str, str])
INCIDENT: Codec[Incident | None] = Codec(Incident | None)
RESUMING: Codec[tuple[str, ...]] = Codec(tuple[str, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that `control` holds besides history, as of one reading."""

    pause: Pause | None = None
    breaker: Breaker = field(default_factory=Breaker)
    ramp: RampCount = field(default_factory=RampCount)
    night: Night | None = None
    beginning: Beginning = field(default_factory=Beginning)
    watched: Watched = field(default_factory=Watched)
    usage: Mapping[str, UsageReading] = field(default_factory=dict)
    ends: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many ends each day (`2026-12-05`) has of each `<kind> <status>`, as the last complete passes found."""


class Single[Record]:
    """One row that several workers change: read, decide, write under its etag, again where somebody was faster."""

    def __init__(self, tables: Tables, name: str, codec: Codec[Record], *, empty: Record) -> None:
        self._tables = tables
        self._name = name
        self._codec = codec
        self._empty = empty

    async def read(self) -> Record:
        """Read it; before it is first written it is empty."""
        row = await self._tables.get(keys.CONTROL, PARTITION, self._name)
        return self._codec.record(row.values) if row else self._empty

    async def change(self, decide: Callable[[Record], Record]) -> Record:
        """
        Change it by a pure function of what it is now.

        Raises:
            Unavailable: Too many others change it at once.
        """
        after = self._empty

        async def decided(row: Row | None) -> Mapping[str, Value] | None:
            nonlocal after
            before = self._codec.record(row.values) if row else self._empty
            after = decide(before)
            return None if after == before else self._codec.columns(after)

        place = Place(table=keys.CONTROL, partition=PARTITION, key=self._name)
        await change_row(self._tables, place, decided, reason="control-busy")
        return after


class Control:
    """The rows of table `control`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.ramp = Single(tables, "ramp", RAMP, empty=RampCount())
        self.breaker = Single(tables, "breaker", BREAKER, empty=Breaker())
        self.night = Single(tables, "night", NIGHT, empty=None)
        self.beginning = Single(tables, "beginning", BEGINNING, empty=Beginning())
        self.watched = Single(tables, "watched", WATCHED, empty=Watched())
        self.rehearsed = Single(tables, "rehearsed", REHEARSED, empty=Rehearsed())
        self.copied = Single(tables, "copied", COPIED, empty={})
        """How far history was copied to the audit trail, by part."""
        self.resuming = Single(tables, "resuming", RESUMING, empty=())
        """Causes that were found gone: whatever stopped for them goes on."""

    def usage(self, source: str) -> Single[UsageReading]:
        """How far the usage source of that name has been read."""
        return Single(self._tables, f"usage|{source}", USAGE, empty=UsageReading())

    def incident(self, vault: str) -> Single[Incident | None]:
        """What happened to the vault of that address, as somebody told it last."""
        return Single(self._tables, f"incident|{keys.foreign(vault)}", INCIDENT, empty=None)

    async def pause(self) -> Pause | None:
        """Tell whether everything is paused."""
        row = await self._tables.get(keys.CONTROL, PARTITION, "pause")
        return PAUSE.record(row.values) if row else None

    async def set_pause(self, pause: Pause | None) -> None:
        """Pause, or go on."""
        change = Upsert(key="pause", values=PAUSE.columns(pause)) if pause else Delete(key="pause")
        await self._tables.commit(keys.CONTROL, PARTITION, [change])

    async def audit(self, at: datetime, ulid: str, what: str, **facts: Any) -> None:
        """Write a line of history about what belongs to no application."""
        values: dict[str, Value] = {name: str(value)[:2000] for name, value in facts.items() if value is not None}
        row = Upsert(key=f"z|event|{at:%Y%m%dT%H%M%S.%f}.{ulid}", values={**values, "what": what, "at": at})
        await self._tables.commit(keys.CONTROL, PARTITION, [row])

    async def configuration_loaded(self, digest: str, at: datetime, facts: Mapping[str, Value]) -> None:
        """Record a configuration that was loaded, once for each digest."""
        row = Insert(key=f"config|{digest}", values={**facts, "first_loaded_at": at})
        try:
            await self._tables.commit(keys.CONTROL, PARTITION, [row])
        except StaleRecord:
            return

    async def standing(self) -> Standing:
        """Read everything but history, in one query."""
        rows = {
            row.key: row.values
            async for row in self._tables.query(keys.CONTROL, Query(partition=PARTITION, before=HISTORY))
        }
        ends: dict[str, dict[str, int]] = {}
        for key, values in rows.items():
            for day, found in ENDS.record(values).items() if key.startswith("ends|") else ():
                ends.setdefault(day, {}).update(found)
        sources = {key.removeprefix("usage|"): values for key, values in rows.items() if key.startswith("usage|")}

        def of[Record](codec: Codec[Record], name: str, empty: Record) -> Record:
            return codec.record(rows[name]) if name in rows else empty

        return Standing(
            pause=PAUSE.record(rows["pause"]) if "pause" in rows else None,
            breaker=of(BREAKER, "breaker", Breaker()),
            ramp=of(RAMP, "ramp", RampCount()),
            night=of(NIGHT, "night", None),
            beginning=of(BEGINNING, "beginning", Beginning()),
            watched=of(WATCHED, "watched", Watched()),
            usage={name: USAGE.record(values) for name, values in sources.items()},
            ends=ends,
        )

    async def history(self) -> list[Row]:
        """Read the audit of what belongs to no application, oldest first."""
        return [row async for row in self._tables.query(keys.CONTROL, prefix(PARTITION, "z|event|"))]
