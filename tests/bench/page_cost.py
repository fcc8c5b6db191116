"""What people's pages read, at a small and at a large tenant (docs/performance.md, Pages)."""

from collections.abc import Iterator
from typing import Any

from tests.bench.figures import Figure
from tests.bench.scan_cost import MEBIBYTE, Effort
from tests.bench.stage import Stage

MEMORY_MIB = 60
PANELS = 6
"""Requests of an overview: four for its panels, one for the last scan, one more where a table has over 1,000 rows."""


def page_figures(effort: Effort) -> Iterator[Figure]:
    """Read each page first and again, at the smallest and at the largest size."""
    sizes = (min(effort.sizes), max(effort.sizes))
    told = {size: _read(size) for size in sizes}
    for size, pages in told.items():
        for page in ("overview", "list", "search"):
            for when, took in pages[page].items():
                yield from _took(f"page-{page}-{size}-{when}", took)
    least, most = (told[size]["overview"]["first"]["rows"] for size in sizes)
    yield Figure(name="page-overview-rows-growth", value=most / max(1, least), unit="times", goal=1, ratio=True)
    yield Figure(
        name="page-overview-requests",
        value=told[sizes[1]]["overview"]["first"]["requests"],
        unit="requests",
        goal=PANELS,
    )
    small, large = (told[size]["list"]["first"]["memory"] for size in sizes)
    yield Figure(
        name="page-inventory-memory",
        value=(large - small)
        / (1 - sizes[0] / sizes[1])
        / MEBIBYTE,  # the first list of any size loads what lists need
        unit=f"MiB for {sizes[1]:,} applications",
        goal=MEMORY_MIB,
    )
    yield Figure(
        name="page-overview-loads-graph", value=told[sizes[1]]["graph after overview"], unit="SDKs of Graph", goal=0
    )


def _read(size: int) -> dict[str, Any]:
    with Stage(size) as stage:
        stage.run("scan_ours")
        return stage.run("read_pages")


def _took(name: str, took: dict[str, float]) -> Iterator[Figure]:
    yield Figure(name=f"{name}-rows", value=took["rows"], unit="rows read")
    yield Figure(name=f"{name}-read", value=(took["characters"] + took["bytes"]) / 1024, unit="KiB read")
    yield Figure(name=f"{name}-cpu", value=1000 * took["cpu"], unit="ms CPU")
