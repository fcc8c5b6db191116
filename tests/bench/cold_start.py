"""What an instance's start costs, and which imports are the largest (docs/performance.md, Cold start)."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.scan_cost import Effort
from tests.bench.stage import ROOT, run_measured

REPEATS = 7
LARGEST = 10
_TOLD = re.compile(r"import time:\s+\d+ \|\s+(\d+) \| (\s*)(\S+)")


def cold_start_figures(_effort: Effort) -> Iterator[Figure]:
    """Measure indexing against the least that any app imports; the least of several runs counts."""
    ours = [run_measured("index_app", (), os.environ) for _ in range(REPEATS)]
    bare = [run_measured("import_functions", (), os.environ) for _ in range(REPEATS)]
    least = min(told["cpu"] for told in ours)
    yield Figure(
        name="cold-start-over-azure-functions",
        value=least / min(told["cpu"] for told in bare),
        unit="times",
        goal=2.5,
        ratio=True,
    )
    yield Figure(name="cold-start-index", value=1000 * least, unit="ms CPU")
    yield Figure(name="cold-start-sdks-loaded", value=len(ours[0]["loaded"]), unit="SDKs", goal=0)
    yield Figure(name="cold-start-functions", value=ours[0]["functions"], unit="functions")
    for name, milliseconds in _largest():
        yield Figure(name=f"cold-start-import {name}", value=milliseconds, unit="ms with all it imports")


def _largest() -> list[tuple[str, float]]:
    """Give the largest imports of the composed app: what the first invocation loads, once."""
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-c",
        "import rotation.bootstrap, rotation.adapters.graph.reads",
    ]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    whole: dict[str, float] = {}
    for took, _depth, module in _TOLD.findall(said):
        package = ".".join(module.split(".")[: 3 if module.startswith("azure.") else 1])
        if package not in {"rotation", "azure"} and module == package:
            whole[package] = max(whole.get(package, 0.0), int(took) / 1000)
    return sorted(whole.items(), key=lambda pair: -pair[1])[:LARGEST]
