"""
`make fuzz`: give every reader many inputs, and print how many it took and what it fell over.

    python -m tests.fuzz [--inputs N] [--seed S] [--only PART]

Exit code 1: a reader fell over; each fall is printed with an input that causes it.
"""

import argparse
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console
from rich.table import Table

from tests.fuzz.targets import TARGETS, Target

SHOWN = 400
"""Characters of an input that are printed."""


@dataclass(slots=True)
class Tried:
    """What became of one reader; falls are told apart by error and place."""

    target: Target
    inputs: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    falls: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def one(self, what: Any) -> None:
        """Try one input."""
        self.inputs += 1
        try:
            self.target.read(what)
        except self.target.answers as answer:
            self.answers[type(answer).__name__] += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what we look for
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.falls.setdefault(f"{type(error).__name__} at {place.filename}:{place.lineno}", what)
        else:
            self.answers["value"] += 1


def fuzz(target: Target, *, inputs: int, began_with: int) -> Tried:
    """Give one reader so many inputs."""
    tried, began = Tried(target), time.monotonic()

    @seed(began_with)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.given)
    def each(what: Any) -> None:
        tried.one(what)

    each()
    tried.seconds = time.monotonic() - began
    return tried


def _table(results: Sequence[Tried]) -> Table:
    table = Table("reader", "inputs", "read", "refused", "fell over", "s")
    for each in results:
        read = each.answers["value"]
        refused = each.answers.total() - read
        table.add_row(
            each.target.name,
            f"{each.inputs:,}",
            f"{read:,}",
            f"{refused:,}",
            str(len(each.falls)),
            f"{each.seconds:.0f}",
        )
    return table


def main() -> int:
    """Run, print, and tell by the exit code."""
    options = argparse.ArgumentParser(prog="make fuzz")
    options.add_argument("--inputs", type=int, default=2000, help="for each reader")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="readers whose name contains this")
    asked = options.parse_args()
    console, results = Console(), []
    for target in [each for each in TARGETS if asked.only in each.name]:
        console.print(f"{target.name} ...", style="dim")
        results.append(fuzz(target, inputs=asked.inputs, began_with=asked.seed))
    console.print(_table(results))
    for each in results:
        for where, what in each.falls.items():
            console.print(f"{each.target.name}: {where}\n    given {repr(what)[:SHOWN]}", style="red", markup=False)
    fallen = sum(len(each.falls) for each in results)
    console.print(f"{sum(each.inputs for each in results):,} inputs, {fallen} crashes")
    return 1 if fallen else 0


if __name__ == "__main__":
    raise SystemExit(main())
