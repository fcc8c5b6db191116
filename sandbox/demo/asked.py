"""What `python -m sandbox.demo` was asked for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

APPLICATIONS = 300
DAYS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`tenant` is somebody's own inventory: then nothing is made up, nothing is enrolled."""

    applications: int
    seed: int
    tenant: Path | None
    report: Path | None
    leave: bool


def parse(arguments: Sequence[str] | None = None) -> Asked:
    """Read the command line; argparse ends the process with 2 on a mistake."""
    parser = argparse.ArgumentParser(
        prog="make demo ARGS=...",
        description="A night and the weeks after it, in a whole Azure on this machine. Touches no real tenant.",
        epilog="Exit code 1: something that must be true was not; the last lines name it.",
    )
    parser.add_argument("--exit", dest="leave", action="store_true", help="end when it is told, instead of serving")
    parser.add_argument(
        "--applications", type=_natural, default=APPLICATIONS, help=f"beside the cast (default {APPLICATIONS})"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, another tenant (default 1)")
    parser.add_argument(
        "--tenant", type=Path, metavar="FILE", help="your own: output of `az ad app list --all -o json`"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what came of it as JSON")
    return Asked(**vars(parser.parse_args(arguments)))


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
