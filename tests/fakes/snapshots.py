"""Pass files in a dictionary."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from rotation.domain.errors import NotFound, Unavailable
from rotation.ports.snapshots import SnapshotWriter, Stamp
from tests.fakes.mishaps import Mishaps


class MemorySnapshots:
    """
    Keep complete files only.

    Crueller than the real thing: a writer whose `complete` was not called leaves nothing at all; `cut_reads_after`
    breaks a read off after so many lines; mishaps strike `read`, `add` and `complete`.
    """

    def __init__(self) -> None:
        self.mishaps = Mishaps()
        self.files: dict[str, tuple[bytes, ...]] = {}
        self.cut_reads_after: int | None = None
        self._stamps: dict[str, Stamp] = {}
        self._etags = itertools.count(1)

    def write(self, name: str, *, at: datetime) -> AbstractAsyncContextManager[SnapshotWriter]:
        return self._writing(name, at)

    @asynccontextmanager
    async def _writing(self, name: str, at: datetime) -> AsyncIterator[SnapshotWriter]:
        yield _Writer(self, name, at)

    async def stamp(self, name: str) -> Stamp:
        async def act() -> Stamp:
            await self._lines(name)
            return self._stamps[name]

        return await self.mishaps.around("stamp", act)

    def put(self, name: str, lines: tuple[bytes, ...], at: datetime) -> None:
        """Put a file in place."""
        self.files[name] = lines
        self._stamps[name] = Stamp(etag=f"etag-{next(self._etags)}", at=at)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        for place, line in enumerate(await self.mishaps.around("read", lambda: self._lines(name))):
            if self.cut_reads_after is not None and place >= self.cut_reads_after:
                raise Unavailable("the read broke off")
            yield line

    async def _lines(self, name: str) -> tuple[bytes, ...]:
        if name not in self.files:
            raise NotFound(f"no pass {name} was ever complete", name=name)
        return self.files[name]


class _Writer:
    def __init__(self, home: MemorySnapshots, name: str, at: datetime) -> None:
        self._home, self._name, self._at = home, name, at
        self._lines: list[bytes] = []
        self._done = False

    async def add(self, lines: bytes) -> None:
        async def act() -> None:
            *added, rest = lines.split(b"\n")
            if self._done or rest:
                raise ValueError("a line comes with its break, and before complete()")
            self._lines.extend(added)

        await self._home.mishaps.around("add", act)

    async def complete(self) -> int:
        async def act() -> int:
            self._done = True
            self._home.put(self._name, tuple(self._lines), self._at)
            return sum(len(line) + 1 for line in self._lines)

        return await self._home.mishaps.around("complete", act)
