"""CPU, memory and requests of a nightly scan (docs/performance.md, Scan)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tests.bench.figures import Figure
from tests.bench.stage import Stage

PAGE = 999
REPEATS = 3
"""The least of so many runs counts: what others do on the machine only ever adds."""
ROUND_TRIP = 0.15
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How thoroughly to measure."""

    applications: int = 50_000
    sdk_pages: int = 6
    """Pages that the SDK reads after the first; the rest is multiplication."""
    sizes: Sequence[int] = (1_000, 10_000, 100_000)
    lines: int = 300
    """How many rotate in one night."""


def scan_figures(effort: Effort) -> Iterator[Figure]:
    """Measure ours, the SDK's and the floor, one after the other on the same directory."""
    with Stage(effort.applications) as stage:
        stage.run("scan_ours")  # the first night, which writes what the second finds unchanged
        ours = _least(stage, "scan_ours")
        floor = _least(stage, "scan_floor")
        sdk = _sdk(stage, effort.sdk_pages, pages=int(floor["counts"]["pages"]))
    thousands = ours["counts"]["applications"] / 1000
    for name, told in (("ours", ours), ("floor", floor), ("sdk", sdk)):
        yield Figure(name=f"scan-cpu-{name}", value=told["cpu"], unit="s CPU in all")
        yield Figure(name=f"scan-cpu-{name}-above-imports", value=told["cpu_above_imports"], unit="s CPU")
    yield Figure(name="scan-cpu-ms-per-1000", value=1000 * ours["cpu_above_imports"] / thousands, unit="ms CPU")
    size = ours["counts"]["snapshot_bytes"] / ours["counts"]["applications"]
    yield Figure(name="scan-snapshot", value=size, unit="bytes an application", kept=True)
    yield Figure(
        name="scan-cpu-sdk-over-ours", value=sdk["cpu"] / ours["cpu"], unit="times", goal=40, at_least=True, ratio=True
    )
    yield Figure(
        name="scan-cpu-sdk-over-ours-above-imports",
        value=sdk["cpu_above_imports"] / ours["cpu_above_imports"],
        unit="times",
        goal=100,
        at_least=True,
        ratio=True,
    )
    yield Figure(
        name="scan-cpu-ours-over-floor-above-imports",
        value=ours["cpu_above_imports"] / floor["cpu_above_imports"],
        unit="times",
        goal=3,
        ratio=True,
    )
    yield Figure(name="scan-cpu-ours-over-floor", value=ours["cpu"] / floor["cpu"], unit="times", goal=3, ratio=True)


def growth_figures(effort: Effort) -> Iterator[Figure]:
    """Measure whole nights at several sizes: memory, bytes, requests."""
    nights = {size: _nights(size) for size in effort.sizes}
    for size, (first, quiet) in nights.items():
        known = int(quiet["counts"]["applications"])
        yield Figure(name=f"scan-{size}-cpu", value=quiet["cpu_above_imports"], unit="s CPU above imports")
        yield Figure(name=f"scan-{size}-wall", value=quiet["wall"], unit="s")
        yield Figure(name=f"scan-{size}-peak", value=quiet["peak"] / MEBIBYTE, unit="MiB", goal=150)
        yield Figure(name=f"scan-{size}-first-night-peak", value=first["peak"] / MEBIBYTE, unit="MiB", goal=150)
        yield Figure(
            name=f"scan-{size}-requests-beside-pages",
            value=quiet["graph"] - ceil(known / PAGE),
            unit="requests",
            goal=0,
        )
        yield Figure(
            name=f"scan-{size}-snapshot", value=quiet["counts"]["snapshot_bytes"] / known, unit="bytes an application"
        )
    least, most = (_above(nights[size][1]) for size in effort.sizes[-2:])
    yield Figure(name="scan-memory-growth", value=most / least, unit="times", goal=1.25, ratio=True)


def _above(night: dict[str, Any]) -> float:
    above: float = night["peak"] - night["peak_at_imports"]
    return above


def _nights(size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    with Stage(size) as stage:
        first = stage.run("scan_ours")
        before = sum(stage.tell_directory().values())
        quiet = stage.run("scan_ours")
        return first, quiet | {"graph": sum(stage.tell_directory().values()) - before}


def latency_figures(effort: Effort) -> Iterator[Figure]:
    """Measure a night over a slow wire: what is not the pages' own time is ours."""
    with Stage(effort.applications) as stage:
        stage.run("scan_ours")
        pages = int(stage.run("scan_floor")["counts"]["pages"])
        alone = stage.run("scan_floor")["wall"]
        stage.tell_directory(delay_seconds=ROUND_TRIP)
        wire = stage.run("scan_floor")["wall"]
        ours = stage.run("scan_ours")["wall"]
    yield Figure(name="scan-wall-over-round-trips", value=ours / (pages * ROUND_TRIP + alone), unit="times", ratio=True)
    yield Figure(name="scan-wall-over-pages", value=ours / wire, unit="times", goal=1.2, ratio=True)


def _least(stage: Stage, module: str) -> dict[str, Any]:
    return min((stage.run(module) for _ in range(REPEATS)), key=lambda told: float(told["cpu"]))


def _sdk(stage: Stage, measured: int, *, pages: int) -> dict[str, float]:
    """Measure the SDK over some pages more than one, and give what all would take: the first one also loads models."""
    one, some = (stage.run("scan_sdk", str(asked)) for asked in (1, 1 + measured))
    read = some["counts"]["pages"] - 1
    rest = (some["cpu_above_imports"] - one["cpu_above_imports"]) * (pages - 1) / read
    return {"cpu_above_imports": one["cpu_above_imports"] + rest, "cpu": one["cpu"] + rest}
