"""`make bench`: measure, show goal and verdict, and fail when a ratio is worse than the committed one by a fifth."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console

from docs import make_performance, make_scale
from tests.bench.calls_in_memory import call_figures
from tests.bench.cold_start import cold_start_figures
from tests.bench.figures import Figure, as_json, read_baseline, regressions, show, write_baseline, write_run
from tests.bench.instances import instance_figures, rotation_cpu_figures
from tests.bench.page_cost import page_figures
from tests.bench.plot import write_growth
from tests.bench.rotation_load import rotation_figures
from tests.bench.scan_cost import Effort, growth_figures, latency_figures, scan_figures
from tests.bench.storage_cost import storage_figures
from tests.bench.weekly import weekly_figures

BASELINE, COUNTS = (Path(__file__).parent / name for name in ("baseline.json", "counts.json"))
type Measure = Callable[[Effort], Iterable[Figure]]

MEASURES: dict[str, Measure] = {
    "scan": scan_figures,
    "growth": growth_figures,
    "latency": latency_figures,
    "storage": storage_figures,
    "weekly": weekly_figures,
    "calls": call_figures,
    "pages": page_figures,
    "cold-start": cold_start_figures,
    "rotation-cpu": rotation_cpu_figures,
    "instances": instance_figures,
    "rotations": rotation_figures,
}
QUICK = ("scan", "storage", "calls", "cold-start")
EFFORTS = {
    "quick": Effort(sdk_pages=1, lines=40),
    "usual": Effort(),
    "full": Effort(sdk_pages=1_000, lines=5_000),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Give the exit code: 1 where a ratio regressed. A missed goal is told, and is no news."""
    asked = _parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    load = os.getloadavg()[0]
    effort = EFFORTS["quick" if asked.quick else "full" if asked.full else "usual"]
    figures: list[Figure] = []
    for name in asked.only or (QUICK if asked.quick else MEASURES):
        began = time.perf_counter()
        figures += MEASURES[name](effort)
        console.print(f"{name}: measured in {time.perf_counter() - began:.0f} s", style="dim")
    show(figures, console)
    if asked.report:
        asked.report.write_text(as_json(figures), encoding="utf-8")
    if asked.plot:
        write_growth(asked.plot, figures, effort.sizes)
    if asked.keep:
        _keep(figures, load=load)
    worse = regressions(figures, read_baseline(BASELINE) | read_baseline(COUNTS))
    missed = [each.name for each in figures if not each.holds]
    for line in worse:
        console.print(f"[red]worse by more than a fifth:[/] {line}")
    for name in missed:
        console.print(f"[red]goal missed:[/] {name}")
    return 1 if worse else 0


def _keep(figures: Sequence[Figure], *, load: float) -> None:
    """Take these for later runs' baseline, for what docs/scale.md reckons with, and for docs/performance.md."""
    write_baseline(BASELINE, [each for each in figures if each.ratio])
    write_baseline(COUNTS, [each for each in figures if each.kept])
    write_run(make_performance.RUN, figures, load=load)
    make_scale.write()
    make_performance.write()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description="What the program costs, as ratios.")
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--quick", action="store_true", help="a part of it, in less than three minutes")
    depth.add_argument("--full", action="store_true", help="everything, however long it takes")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the growth curves as SVG")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASURES), help="only these")
    parser.add_argument(
        "--keep", action="store_true", help="take these for the baseline of later runs, and write them into docs"
    )
    asked = parser.parse_args(arguments)
    if asked.plot and "growth" not in (asked.only or (QUICK if asked.quick else MEASURES)):
        parser.error("--plot draws what `growth` measures, which is left out here")
    return asked


if __name__ == "__main__":
    sys.exit(main())
