"""Pass files in a dictionary."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from rotation.domain.errors import NotFound, Unavailable
from rotation.ports.snapshots import SnapshotWriter
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

    def write(self, name: str) -> AbstractAsyncContextManager[SnapshotWriter]:
        return self._writing(name)

    @asynccontextmanager
    async def _writing(self, name: str) -> AsyncIterator[SnapshotWriter]:
        yield _Writer(self, name)

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
    def __init__(self, home: MemorySnapshots, name: str) -> None:
        self._home, self._name = home, name
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
            self._home.files[self._name] = tuple(self._lines)
            return sum(len(line) + 1 for line in self._lines)

        return await self._home.mishaps.around("complete", act)
