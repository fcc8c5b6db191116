"""A measured process: the overview and a list of 50 applications, twice each, as a page, HTTP or the terminal reads them."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rotation import settings
from rotation.bootstrap import close_shared, services
from rotation.workflows.reading.inventory.listing import Wanted, applications
from rotation.workflows.reading.overview import overview
from rotation.workflows.services import Services
from tests.bench.counting import CountingSnapshots, CountingTables
from tests.bench.measured import Stopwatch, cpu_seconds

PAGE_BYTES = 4096
GRAPH = "rotation.adapters.graph.reads"


class _Reader:
    def __init__(self, known: Services) -> None:
        self.tables, self.snapshots = CountingTables(known.tables), CountingSnapshots(known.snapshots)
        self.services = replace(known, tables=self.tables, snapshots=self.snapshots)

    async def read(self, page: Callable[[Services], Awaitable[object]]) -> dict[str, float]:
        """Read one page and give what it took."""
        before, cpu, wall = self._now(), cpu_seconds(), time.perf_counter()
        await page(self.services)
        told = {name: now - before[name] for name, now in self._now().items()}
        return told | {"cpu": cpu_seconds() - cpu, "wall": time.perf_counter() - wall}

    def _now(self) -> dict[str, float]:
        return {
            "requests": self.tables.asked.total(),
            "rows": self.tables.rows,
            "characters": self.tables.characters,
            "bytes": self.snapshots.bytes,
            "memory": _resident(),
        }


def _resident() -> int:
    """Give the memory that this process holds now (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * PAGE_BYTES


async def _list(known: Services) -> object:
    return await applications(known, limit=50)


async def _search(known: Services) -> object:
    return await applications(known, Wanted(text="sync"), limit=50)


async def read() -> dict[str, Any]:
    """Read everything twice; what the first left behind is the second's."""
    reader = _Reader(services(settings.read(hosted=False)))
    told: dict[str, Any] = {}
    for name, page in {"overview": overview, "list": _list, "search": _search}.items():
        told[name] = {"first": await reader.read(page), "again": await reader.read(page)}
        told[f"graph after {name}"] = GRAPH in sys.modules
    await close_shared()
    return told


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(**asyncio.run(read()))
