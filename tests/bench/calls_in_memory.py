"""
Count what lines ask of every service over their whole life, in memory: what a rotation adds, and what a quiet night does.

Two worlds that differ only in their number of lines are run side by side; the difference is what a line costs.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.bench.figures import Figure
from tests.bench.scan_cost import Effort
from tests.fakes.world import World

FEW, MANY = 4, 12
QUIET = 10
"""Nights on which nothing is due; most of them after the other, so that what comes weekly counts."""
MINUTES = 180
LONGEST = 90
ENDS_IN = timedelta(days=50)
"""Due at once, and long enough to be removed for evidence instead of lapsing."""
KINDS = {
    "MemoryTables.commit": "tables writes",
    "MemoryTables.get": "tables reads",
    "MemoryTables.query": "tables reads",
    "MemoryQueues.send": "queues messages",
    "MemorySignIn.prove": "sign-ins",
    "MemoryDirectory.mint": "Graph writes",
    "MemoryDirectory.remove": "Graph writes",
    "MemoryVault.write": "vault writes",
    "MemoryVault.disable": "vault writes",
    "MemoryIntegration.deliver": "destination writes",
    "MemoryIntegration.cleanup": "destination writes",
}
ELSE = {
    "MemoryDirectory": "Graph reads",
    "MemoryVault": "vault reads",
    "MemoryUsage": "usage looks",
    "MemoryIntegration": "destination reads",
    "MemoryChannel": "messages to people",
}
"""Calls of what is not counted otherwise; others (the configuration, which is cached, the snapshot's pages) are not."""

type Calls = Counter[str]


class _Life:
    """One world; `since` gives what was asked since it was last called."""

    def __init__(self, lines: int) -> None:
        self.world = World()
        self._heard: Calls = Counter()
        self.world.watch = self._hear
        self._lines = lines

    def _hear(self, call: str, _arguments: Sequence[Any]) -> None:
        what = KINDS.get(call) or ELSE.get(call.partition(".")[0])
        if what:
            self._heard[what] += 1

    async def enrolled(self) -> None:
        for number in range(1, self._lines + 1):
            await self.world.enrol(self.world.add_application(number, ends_in=ENDS_IN))
        self.since()

    def since(self) -> Calls:
        heard, self._heard = self._heard, Counter()
        return heard

    async def rotated(self) -> Calls:
        """Let nights pass until every rotation is completed."""
        for _night in range(LONGEST):
            await self.world.nights(1)
            if self._lines and set(self.world.phases()) == {"completed"}:
                return self.since()
        raise RuntimeError(f"not completed after {LONGEST} nights: {self.world.phases()}")

    async def quiet(self) -> Calls:
        await self.world.nights(QUIET)
        return self.since()

    async def idle(self) -> Calls:
        """Look at open work each minute of some hours, where there is none; some looks are not for every minute."""
        for _minute in range(MINUTES):
            await self.world.run(timedelta(minutes=1))
        return self.since()


def call_figures(_effort: Effort) -> Iterator[Figure]:
    """Count in worlds of few and of many lines."""
    rotation, quiet, idle = asyncio.run(_count())
    for what, count in sorted(rotation.items()):
        yield Figure(name=f"calls-rotation {what}", value=count, unit="a rotation", kept=True)
    for what, count in sorted(quiet.items()):
        yield Figure(name=f"calls-quiet-line {what}", value=count, unit="a line and night", kept=True)
    for what, count in sorted(idle.items()):
        yield Figure(name=f"calls-idle-minute {what}", value=count, unit="a minute", kept=True)


async def _count() -> tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]:
    few, many = _Life(FEW), _Life(MANY)
    for life in (few, many):
        await life.enrolled()
    rotation = _a_line(await few.rotated(), await many.rotated())
    quiet = _a_line(await few.quiet(), await many.quiet())
    idle = await few.idle()
    return (
        rotation,
        {what: count / QUIET for what, count in quiet.items()},
        {what: count / MINUTES for what, count in idle.items()},
    )


def _a_line(few: Calls, many: Calls) -> dict[str, float]:
    return {what: (many[what] - few[what]) / (MANY - FEW) for what in few | many}
