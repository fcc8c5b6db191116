"""What `python -m sandbox.chaos` was asked for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.chaos.plants import PLANTS

LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`plant` breaks the app on purpose; `windows` counts stormy days, when rotations begin and again when they end."""

    runs: int
    seed: int
    lines: int
    windows: int
    plant: str
    report: Path | None


def parse(arguments: Sequence[str] | None = None) -> Asked:
    """Read the command line; argparse ends the process with 2 on a mistake."""
    parser = argparse.ArgumentParser(
        prog="make chaos ARGS=...",
        description="Two hosts over one sandbox are killed again and again while every service around them fails.",
        epilog="Exit code 1: a promise was broken; the last lines say which, in which seed, and what led to it.",
    )
    parser.add_argument("--runs", type=_positive, default=1, help="how many, each with the next seed (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--lines", type=_positive, default=LINES, help=f"enrolled lines a run (default {LINES})")
    parser.add_argument("--windows", type=_positive, default=2, help="stormy days, twice so many in all (default 2)")
    parser.add_argument("--plant", choices=sorted(PLANTS), default="", help="break the app: the check must notice")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what came of it as JSON")
    return Asked(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
