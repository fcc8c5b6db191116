"""The report as JSON: figures of all runs added up, and the promises with what broke them."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.chaos.run import Outcome

PROMISES = (
    "lost_values",
    "lockouts",
    "orphans_left",
    "foreign_removed",
    "duplicate_effects",
    "notices_lost",
    "unsettled",
    "canary_leaks",
)
ENOUGH = 0.9
"""Of the rotations that nobody disturbed, at least so many are completed."""


def make_report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Add up; promises are counts, and leaks name where they were found."""
    summed = {name: _added(outcomes, name) for name in ("faults", "rotations", "blocked")}
    counted = {name: sum(len(each.broken[name]) for each in outcomes) for name in PROMISES}
    leaks = [where for each in outcomes for where in each.broken["canary_leaks"]]
    return {
        "runs": len(outcomes),
        "kills": sum(each.figures["kills"] for each in outcomes),
        **summed,
        **counted,
        "canary_leaks": leaks,
        "seconds": round(sum(each.figures["seconds"] for each in outcomes), 1),
    }


def _added(outcomes: Sequence[Outcome], name: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in outcomes:
        total.update(each.figures[name])
    return dict(sorted(total.items()))


def problems(report: dict[str, Any]) -> list[str]:
    """Name what must be true and is not."""
    found = [f"{name}: {report[name]}" for name in PROMISES if report[name]]
    rotations = report["rotations"]
    if rotations["undisturbed_completed"] < ENOUGH * rotations["undisturbed"]:
        told = f"{rotations['undisturbed_completed']} of {rotations['undisturbed']}"
        found.append(f"of the rotations that nobody disturbed only {told} are completed")
    return found


def write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
