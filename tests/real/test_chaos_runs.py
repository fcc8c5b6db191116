"""The real app on two hosts, killed and stormed upon: nothing is broken, and what is planted is found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.chaos import days
from sandbox.chaos.asked import parse
from sandbox.chaos.judge import judge
from sandbox.chaos.people import enrol
from sandbox.chaos.report import PROMISES
from sandbox.chaos.scene import scene

pytestmark = pytest.mark.real
ROOT = Path(__file__).parent.parent.parent
STRANGERS = ("AZURE_", "ROTATION_", "SANDBOX_", "AzureWebJobs")


def test_one_short_run_breaks_no_promise_and_reports_what_there_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    words = ["--runs", "1", "--seed", "1", "--lines", "3", "--windows", "1", "--report", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.chaos", *words],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(STRANGERS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(path.read_text())
    assert set(report) == {"runs", "kills", "faults", "rotations", "blocked", "seconds", *PROMISES}
    assert report["runs"] == 1
    assert not any(report[name] for name in PROMISES)
    rotations = report["rotations"]
    assert set(rotations) == {
        "undisturbed",
        "undisturbed_completed",
        "completed",
        "closed",
        "abandoned",
        "waiting",
    }
    assert rotations["undisturbed_completed"] == rotations["undisturbed"] == 3
    assert report["faults"]["lag"] == 2, "it stormed twice"


LOST = {"part": "graph", "match": {"path": "addPassword"}, "action": "drop-after", "times": 3}
"""The answers to the first three mints: not left to chance, as a storm leaves them."""


def test_a_plant_is_caught() -> None:
    """Minting again without a look leaves two secrets of one rotation."""
    asked = parse(["--plant", "look-first-off", "--lines", "3", "--windows", "1", "--seed", "1"])
    with scene(asked, asked.seed) as now:
        now.weather.calm()
        enrol(now)
        now.cloud.faults.add(LOST)
        days.scan(now)
        days.settle(now)
        broken = judge(now)
        history = now.history.lines
    lost = [case for case in broken["duplicate_effects"] if "which was lost and listed" in case]
    assert lost, (broken, history)
    assert broken["canary_leaks"] == []
