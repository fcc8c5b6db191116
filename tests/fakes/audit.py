"""Days of an audit trail in a dictionary."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from tests.fakes.mishaps import Mishaps


class MemoryAuditTrail:
    """Only grows. Mishaps strike `append` and `read`; an append may be lost after it went through, or go through twice."""

    def __init__(self) -> None:
        self.mishaps = Mishaps()
        self.days: dict[date, list[bytes]] = {}

    async def append(self, day: date, lines: Sequence[bytes]) -> None:
        async def act() -> None:
            if any(b"\n" in line for line in lines):
                raise ValueError("a line comes without its break")
            if lines:
                self.days.setdefault(day, []).extend(lines)

        await self.mishaps.around("append", act)

    async def read(self, since: date, until: date = date.max) -> AsyncIterator[bytes]:
        async def act() -> list[bytes]:
            return [line for day in sorted(self.days) if since <= day <= until for line in self.days[day]]

        for line in await self.mishaps.around("read", act):
            yield line
