# ruff: noqa: INP001  # docs is a folder of pages with scripts in it, not a package
"""
Write the tables of docs/performance.md anew, from the run that `make bench ARGS="--keep"` has kept.

`--keep` does that itself; `python -m docs.make_performance` does it again. tests/unit/docs compares the page with what
this gives, and holds that every figure with a goal has words here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "performance.md"
RUN = Path(__file__).parent.parent / "tests" / "bench" / "last_run.json"

WORDS = {
    r"scan-cpu-sdk-over-ours": "msgraph-sdk's paging with models, over ours, imports included",
    r"scan-cpu-sdk-over-ours-above-imports": "msgraph-sdk's paging with models, over ours, above imports",
    r"scan-cpu-ours-over-floor": "ours over httpx and `json.loads`, nothing decided, imports included",
    r"scan-cpu-ours-over-floor-above-imports": "ours over httpx and `json.loads`, nothing decided, above imports",
    r"scan-(\d+)-peak": "peak memory of a quiet night, {0} applications",
    r"scan-(\d+)-first-night-peak": "peak memory of a first night, {0} applications",
    r"scan-(\d+)-requests-beside-pages": "Graph requests beside the pages, {0} applications",
    r"scan-memory-growth": "peak memory above imports, the largest over the next size",
    r"scan-wall-over-pages": "wall time over the pages' own, 150 ms a round trip",
    r"storage-first-night-transactions": "table transactions of a first night",
    r"storage-quiet-night-expiries": "writes to `expiries` on a quiet night",
    r"storage-quiet-night-writes": "writes of a quiet night, all tables",
    r"storage-writes-a-changed-credential": "writes for each changed credential",
    r"weekly-requests-a-second": "requests of the weekly passes, the two nearest",
    r"weekly-peak": "peak memory of the weekly passes",
    r"page-overview-rows-growth": "rows of the overview, the largest tenant over the smallest",
    r"page-overview-requests": "requests for the overview",
    r"page-inventory-memory": "memory of the inventory behind the pages",
    r"page-overview-loads-graph": "SDKs of Graph that the overview loads",
    r"cold-start-over-azure-functions": "indexing the app over importing `azure.functions`",
    r"cold-start-sdks-loaded": "SDKs loaded by indexing",
    r"rotations-settled": "lines settled, of those due in one night",
    r"rotations-done-twice": "lines rotated twice",
    r"rotations-graph-refused": "Graph requests answered 429",
    r"rotations-wall-over-quota": "wall time over what the quota dictates",
    r"rotation-cpu-over-bare": "CPU of a rotation over that of the same SDK calls made bare",
    r"rotation-cpu-alone-share": "CPU of one instance, of the time that it took, 100 ms a round trip",
    r"instances-two-over-one": "time of two instances over that of one, two rotations at once in each",
    r"instances-lines-settled": "lines settled by one instance and by two",
}
"""What a figure is called on the page, by its name in the report; sizes are filled in."""

WHOLE = 100
"""Numbers as large as this are told without a fraction."""

BLOCK_OF = re.compile(r"(?<=<!-- made: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

type Run = Mapping[str, Mapping[str, Any]]


def words(name: str) -> str | None:
    """Give what a figure is called; None where nobody has said."""
    for pattern, text in WORDS.items():
        if found := re.fullmatch(pattern, name):
            return text.format(*(f"{int(size):,}" for size in found.groups()))
    return None


def kept() -> Run:
    """Read the figures of the last run, by name."""
    run: Run = json.loads(RUN.read_text(encoding="utf-8"))
    return run


def page(text: str) -> str:
    """Give the page's *text* with its tables made anew."""
    run = kept()
    tables = {"goals": _goals(run), "figures": _figures(run)}
    made = {name: "\n".join([*table, ""]) for name, table in tables.items()}
    return BLOCK_OF.sub(lambda found: found[1] + found[2] + made[found[1]], text)


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _goals(run: Run) -> Iterator[str]:
    yield "| figure | goal | measured | | when |"
    yield "|---|---|---|---|---|"
    for name, told in run.items():
        if told["goal"] is None:
            continue
        sign = "at least" if told["at_least"] else "at most"
        verdict = "holds" if told["holds"] else "**missed**"
        goal, value = (f"{_number(told[each])} {told['unit']}" for each in ("goal", "value"))
        yield f"| {words(name) or name} | {sign} {goal} | {value} | {verdict} | {_when(told)} |"


def _figures(run: Run) -> Iterator[str]:
    yield "| figure | measured | when |"
    yield "|---|---|---|"
    for name, told in run.items():
        if told["goal"] is None:
            yield f"| `{name}` | {_number(told['value'])} {told['unit']} | {_when(told)} |"


def _when(told: Mapping[str, Any]) -> str:
    return f"{told['date']}, {told['commit']}, load {told['load']:.1f} on {told['cores']}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= WHOLE or value == int(value) else f"{value:.3g}"


if __name__ == "__main__":
    write()
