"""
checkov finds nothing beside what a file suppresses with a reason.

It comes by `uv tool run`, in an environment of its own: it pins a pycep of its own, older than the one that reads
`extension` in graph.bicep. That file is the one that it may fail to parse; no Azure resource stands there.
"""

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.infra import bicep

pytestmark = pytest.mark.real

VERSION = "3.3.30"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    checkov = os.environ.get("CHECKOV")
    command = (
        [checkov] if checkov else [str(shutil.which("uv")), "tool", "run", "--from", f"checkov=={VERSION}", "checkov"]
    )
    options = [
        "--directory",
        str(bicep.INFRA),
        "--framework",
        "bicep",
        "--skip-download",
        "--output",
        "json",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_found(report: dict[str, Any]) -> None:
    failed = [(each["check_id"], each["check_name"], each["resource"]) for each in report["results"]["failed_checks"]]
    assert failed == []
    assert report["summary"]["passed"] > 20


def test_every_other_file_is_read(report: dict[str, Any]) -> None:
    unread = {path.rsplit("/", 1)[-1] for path in report["results"]["parsing_errors"]}
    assert unread <= {"graph.bicep"}
    found = [*report["results"]["passed_checks"], *report["results"]["skipped_checks"]]
    read = {each["file_path"].rsplit("/", 1)[-1] for each in found}
    assert read >= {"app.bicep", "auth.bicep", "network.bicep", "storage.bicep", "vault.bicep"}


def test_every_suppression_is_still_needed(report: dict[str, Any]) -> None:
    """A check that no longer speaks needs no excuse."""
    written = sum(path.read_text("utf-8").count("checkov:skip=") for path in bicep.FILES)
    assert report["summary"]["skipped"] == written
