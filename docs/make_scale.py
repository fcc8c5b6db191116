# ruff: noqa: INP001  # docs is a folder of pages with scripts in it, not a package
"""
Write the tables of docs/scale.md anew, from what `make bench` has counted and kept, and from list prices.

`python -m docs.make_scale`; tests/unit/docs compares the page with what this gives, so that none is older than the
counts. What stands between the tables is written by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path

PAGE = Path(__file__).parent / "scale.md"
COUNTS = Path(__file__).parent.parent / "tests" / "bench" / "counts.json"
SIZES = (1_000, 10_000, 100_000, 1_000_000)

NIGHTS, WEEKS, MINUTES = 30, 30 / 7, 30 * 24 * 60
"""Of a month."""
ENROLLED, DAYS_A_ROTATION, PAGE_SECONDS, PRINCIPALS = 0.1, 120, 2.0, 2.0
"""
What the tables suppose: a tenth is enrolled, with one destination each, and gets a new secret every 120 days (180 days
long, begun 60 before the end); Graph takes two seconds for a page of 999; there are two service principals for each
application.
"""
GRAPH_PAGE, ROWS_A_READ, BLOCK, LINES_A_NIGHT, OPENED_A_NIGHT = 999, 1_000, 524_288, 1_000, 25
FUNCTION_SECONDS, MEMORY_MB = 600, 512
OURS = ("our own: `limits.opened_per_night`, 25 unless set", "our own: lines looked at in a night, 1,000")
"""What we chose, and what merely takes turns above it."""
GRAPH_WRITES = 3_000 / 150 * 8 * 3600
"""Of a night of eight hours, which the smallest tenant allows (platform-facts.md)."""
QUEUES, POLL_SECONDS = 8, 5
GIB = 2**30

PRICES = {
    "GB-s of execution, on demand": 0.000026,
    "1,000,000 executions": 0.40,
    "10,000 table transactions": 0.00036,
    "10,000 queue transactions": 0.004,
    "10,000 blob writes": 0.065,
    "GB of blobs, hot, a month": 0.0184,
    "10,000 vault operations": 0.03,
    "GB of logs": 2.30,
}
"""US dollars, as Microsoft's price pages for East US gave them in 2025, as far as we know; never asked since."""
FREE_GB_SECONDS, FREE_EXECUTIONS, FREE_LOGS_GB = 100_000, 250_000, 5
LOG_BYTES_AN_EXECUTION = 4_000
"""Supposed; it is what the deployment's own telemetry says that counts."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of one tenant."""

    applications: int
    counts: dict[str, float]

    @property
    def lines(self) -> int:
        return round(self.applications * ENROLLED)

    @property
    def rotations(self) -> float:
        return self.lines * NIGHTS / DAYS_A_ROTATION

    @property
    def pages(self) -> int:
        return ceil(self.applications / GRAPH_PAGE)

    @property
    def weekly_pages(self) -> int:
        return self.pages + ceil(self.applications * PRINCIPALS / GRAPH_PAGE)

    @property
    def rows(self) -> float:
        """Rows of `expiries`."""
        return self.applications * self.counts["storage-horizon-rows"]

    @property
    def snapshot_bytes(self) -> float:
        return self.applications * self.counts["scan-snapshot"]

    @property
    def looked_at(self) -> int:
        """Lines whose destinations are looked at in a night."""
        return min(self.lines, LINES_A_NIGHT)

    def _of(self, what: str) -> float:
        """Give what rotations, quiet nights and idle minutes ask of a service, by the measured names."""
        rotation, quiet, idle = (
            self.counts.get(f"{when} {what}", 0.0)
            for when in ("calls-rotation", "calls-quiet-line", "calls-idle-minute")
        )
        return rotation * self.rotations + quiet * self.looked_at * NIGHTS + idle * MINUTES

    @cached_property
    def tables(self) -> float:
        # The weeks of the horizon in one read, their rows once in seven nights (ADR 0031), and the lines.
        reads = 1 + ceil(self.rows / ROWS_A_READ) / 7 + ceil(self.lines / ROWS_A_READ)
        night = reads + self.counts["storage-quiet-night-writes"]
        changed = self.rotations * 2 * self.counts["storage-writes-a-changed-credential"]
        return night * NIGHTS + changed + self._of("tables reads") + self._of("tables writes")

    @cached_property
    def queues(self) -> float:
        """Each message is sent, taken and deleted; the host looks at each queue all the time."""
        looks = QUEUES * MINUTES * 60 / POLL_SECONDS
        return 3 * self.messages + looks

    @cached_property
    def messages(self) -> float:
        """Messages of a month: two scans a night, one a week, and what rotations send."""
        return 2 * NIGHTS + WEEKS + self._of("queues messages")

    @cached_property
    def blob_writes(self) -> float:
        return (ceil(self.snapshot_bytes / BLOCK) + 2) * (NIGHTS + WEEKS)

    @cached_property
    def vault(self) -> float:
        return self._of("vault reads") + self._of("vault writes")

    @cached_property
    def graph(self) -> float:
        return self.pages * NIGHTS + self.weekly_pages * WEEKS + self._of("Graph reads") + self._of("Graph writes")

    @cached_property
    def executions(self) -> float:
        """Timers (each minute, scan, digest, weekly) and messages."""
        return MINUTES + 2 * NIGHTS + WEEKS + self.messages

    @property
    def scan_seconds(self) -> float:
        return self.pages * PAGE_SECONDS

    @property
    def weekly_seconds(self) -> float:
        return self.weekly_pages * PAGE_SECONDS

    @cached_property
    def gb_seconds(self) -> float:
        """Each execution is paid for a second at least, and works on one alone."""
        scans = self.scan_seconds * NIGHTS + self.weekly_seconds * WEEKS
        return MEMORY_MB / 1024 * (self.executions + scans)

    @cached_property
    def money(self) -> dict[str, float]:
        """Give dollars by what they are for."""
        logs = self.executions * LOG_BYTES_AN_EXECUTION / GIB
        return {
            "Functions": max(0.0, self.gb_seconds - FREE_GB_SECONDS) * PRICES["GB-s of execution, on demand"]
            + max(0.0, self.executions - FREE_EXECUTIONS) / 1e6 * PRICES["1,000,000 executions"],
            "Tables": self.tables / 10_000 * PRICES["10,000 table transactions"],
            "Queues": self.queues / 10_000 * PRICES["10,000 queue transactions"],
            "Blobs": self.blob_writes / 10_000 * PRICES["10,000 blob writes"]
            + 2 * self.snapshot_bytes / GIB * PRICES["GB of blobs, hot, a month"],
            "Key Vault": self.vault / 10_000 * PRICES["10,000 vault operations"],
            "Logs": max(0.0, logs - FREE_LOGS_GB) * PRICES["GB of logs"],
        }

    @cached_property
    def limits(self) -> dict[str, float]:
        """Give how much of each limit is used, 1 is all of it."""
        memory = self.snapshot_bytes_held / (MEMORY_MB / 2 * 2**20)
        return {
            **dict(zip(OURS, (self.lines / DAYS_A_ROTATION / OPENED_A_NIGHT, self.lines / LINES_A_NIGHT), strict=True)),
            "ten minutes of the weekly passes": self.weekly_seconds / FUNCTION_SECONDS,
            "ten minutes of a night's scan": self.scan_seconds / FUNCTION_SECONDS,
            "half of 512 MB for the inventory behind the pages": memory,
            "Graph's writes for the smallest tenant, a night of eight hours": 2
            * self.lines
            / DAYS_A_ROTATION
            / GRAPH_WRITES,
        }

    @property
    def snapshot_bytes_held(self) -> float:
        """Of the inventory in memory, by its goal: 60 MB for 100,000."""
        return self.applications * 60 * 2**20 / 100_000


BLOCK_OF = re.compile(r"(?<=<!-- made: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Give the page's *text* with its tables made anew."""
    counts: dict[str, float] = json.loads(COUNTS.read_text(encoding="utf-8"))
    months = [Month(applications=size, counts=counts) for size in SIZES]
    tables = {
        "month": _month(months),
        "money": _money(months),
        "prices": _pairs("price", "US dollars", {name: f"{price:.6f}".rstrip("0") for name, price in PRICES.items()}),
        "limits": _limits(months),
        "counts": _pairs("figure", "value", {f"`{name}`": f"{value:,g}" for name, value in sorted(counts.items())}),
    }
    made = {name: "\n".join([*table, ""]) for name, table in tables.items()}
    return BLOCK_OF.sub(lambda found: found[1] + found[2] + made[found[1]], text)


def _table(months: Sequence[Month], rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    yield "| | " + " | ".join(f"{month.applications:,} applications" for month in months) + " |"
    yield "|---|" + "---|" * len(months)
    for name, cells in rows:
        yield f"| {name} | " + " | ".join(cells) + " |"


def _pairs(first: str, second: str, rows: Mapping[str, str]) -> Iterator[str]:
    yield f"| {first} | {second} |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {name} | {value} |"


def _month(months: Sequence[Month]) -> Iterator[str]:
    asked = {
        "enrolled lines": "lines",
        "rotations": "rotations",
        "executions": "executions",
        "GB-s": "gb_seconds",
        "Graph requests": "graph",
        "table transactions": "tables",
        "queue transactions, the host's looks included": "queues",
        "blob writes": "blob_writes",
        "vault operations": "vault",
    }
    return _table(
        months, [(name, [f"{getattr(month, each):,.0f}" for month in months]) for name, each in asked.items()]
    )


def _money(months: Sequence[Month]) -> Iterator[str]:
    rows = [(name, [_dollars(month.money[name]) for month in months]) for name in months[0].money]
    rows.append(("**in all**", [f"**{_dollars(sum(month.money.values()))}**" for month in months]))
    return _table(months, rows)


def _limits(months: Sequence[Month]) -> Iterator[str]:
    yield from _table(months, [(name, [_share(month.limits[name]) for month in months]) for name in months[0].limits])
    yield ""
    for month in months:
        theirs = ((name, share) for name, share in month.limits.items() if name not in OURS)
        name, share = max(theirs, key=lambda each: each[1])
        yield f"- **{month.applications:,}**: the nearest that is not our own is {name} ({_share(share)})."


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _share(share: float) -> str:
    return f"{100 * share:,.1f} %" if share < 1 else f"**{100 * share:,.0f} %**"


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
