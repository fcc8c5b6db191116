"""`python -m sandbox.chaos`: run it, and end with 0 when every promise was kept."""

import json
import signal
import sys
from types import FrameType
from typing import NoReturn

from sandbox.chaos.asked import Asked, parse
from sandbox.chaos.report import make_report, problems, write
from sandbox.chaos.run import Outcome, play
from sandbox.demo.terminal import CommandFailed
from sandbox.host.process import HostNotStartedError
from sandbox.storage import StorageUnavailable

INTERRUPTED = 130


def main() -> int:
    """Give the exit code: 0, 1 for a broken promise, 130 when interrupted."""
    asked = parse()
    signal.signal(signal.SIGTERM, _end)
    try:
        return _run(asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (StorageUnavailable, HostNotStartedError, CommandFailed) as error:
        print(error, file=sys.stderr)
        return 1


def _run(asked: Asked) -> int:
    outcomes = []
    for seed in range(asked.seed, asked.seed + asked.runs):
        outcome = play(asked, seed)
        outcomes.append(outcome)
        if not outcome.good:
            _accuse(outcome)
    report = make_report(outcomes)
    if asked.report is not None:
        write(asked.report, report)
    print(json.dumps(report, indent=2, ensure_ascii=False))
    wrong = problems(report)
    print("\n".join(f"broken: {each}" for each in wrong) or "Every promise was kept.")
    return 1 if wrong else 0


def _accuse(outcome: Outcome) -> None:
    """Say which promise was broken, by which seed, and what led there."""
    print(f"\nseed {outcome.seed} broke a promise. What happened:")
    print("\n".join(outcome.history.lines))
    for name, cases in outcome.broken.items():
        for case in cases:
            print(f"seed {outcome.seed}: {name}: {case}")


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
