"""Measured figures, their goals, and what is a regression."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

REGRESSION = 0.2
"""A ratio that is worse than the baseline's by more than this share is a regression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """
    One measured value.

    With a goal and `at_least` it must reach the goal, otherwise it must not pass it; without a goal it only informs.
    `ratio` says that it depends little on the machine, so that runs on different ones can be compared. A count that
    is kept does not depend on it at all.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    ratio: bool = False
    kept: bool = False
    """It is a count that docs/scale.md reckons with."""

    @property
    def holds(self) -> bool:
        """Tell whether the goal is met."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def regressed(self, before: float) -> bool:
        """Tell whether it is worse than it was by more than a fifth."""
        if self.kept:
            return self.value > before * (1 + REGRESSION)
        if not self.ratio:
            return False
        if self.at_least:
            return self.value < before * (1 - REGRESSION)
        return self.value > before * (1 + REGRESSION)


def as_json(figures: Iterable[Figure]) -> str:
    """Give what `--report` writes."""
    told = {
        each.name: {"value": _rounded(each.value), "unit": each.unit, "goal": each.goal, "holds": each.holds}
        for each in figures
    }
    return json.dumps(told, indent=2) + "\n"


def read_baseline(path: Path) -> dict[str, float]:
    """Read the committed values; empty where there are none."""
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def write_baseline(path: Path, figures: Iterable[Figure]) -> None:
    """Take these values for the baseline; others stay."""
    kept = read_baseline(path) | {each.name: _rounded(each.value) for each in figures}
    path.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_run(path: Path, figures: Iterable[Figure], *, load: float) -> None:
    """
    Keep what docs/performance.md shows, each figure with when it was measured; those of another measurement stay.

    *load* is the machine's when the run began: what others did on it is in every time, and a little in every ratio.
    """
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    when = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit.stdout.strip() or "no commit",
        "load": round(load, 1),
        "cores": os.cpu_count(),
    }
    told = {
        each.name: {
            "value": _rounded(each.value),
            "unit": each.unit,
            "goal": None if each.goal is None else _rounded(each.goal),
            "at_least": each.at_least,
            "holds": each.holds,
            **when,
        }
        for each in figures
    }
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(before | told, indent=1) + "\n", encoding="utf-8")


def regressions(figures: Iterable[Figure], baseline: Mapping[str, float]) -> list[str]:
    """Name the ratios that are worse than the baseline by more than a fifth."""
    return [
        f"{each.name}: {_text(each.value)}, was {_text(baseline[each.name])}"
        for each in figures
        if each.name in baseline and each.regressed(baseline[each.name])
    ]


def show(figures: Iterable[Figure], console: Console) -> None:
    """Print the table: what, goal, measured, verdict."""
    table = Table("figure", "goal", "measured", "unit", "verdict", title="make bench")
    for each in figures:
        sign = "at least" if each.at_least else "at most"
        goal = "" if each.goal is None else f"{sign} {_text(each.goal)}"
        verdict = "" if each.goal is None else "[green]holds[/]" if each.holds else "[red]missed[/]"
        table.add_row(each.name, goal, _text(each.value), each.unit, verdict)
    console.print(table)


def _rounded(value: float) -> float:
    return round(value, 4)


def _text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
