"""The demo keeps its promises, and says so by figures that the sandbox itself has counted."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.demo.__main__ import main
from sandbox.demo.leaks import leaks
from sandbox.running.books import Piece

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parent.parent.parent
CAST = 14
TEXT = "aB38Q~0123456789_abcdefghijklmnopqrstuv."


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as `make demo` does, without a terminal and without what this shell says about Azure."""
    strangers = ("AZURE_", "ROTATION_", "SANDBOX_", "AzureWebJobs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(strangers)}
    return subprocess.run(
        [sys.executable, "-m", "sandbox.demo", "--exit", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """One whole demo, and its report."""
    path = tmp_path_factory.mktemp("demo") / "report.json"
    done = run("--applications", "60", "--seed", "3", "--report", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return done, json.loads(path.read_text())


type Played = tuple[subprocess.CompletedProcess[str], Mapping[str, Any]]


def test_every_promise_of_the_default_story_is_kept(played: Played) -> None:
    _, report = played
    assert report["tenant"]["applications"] == 60 + CAST
    assert report["scan"]["complete"]
    assert report["scan"]["due"] == report["lines"]["enrolled"] == 11
    assert report["lines"]["monitored"] == 60 + CAST - 11
    assert report["ledger"]["applications"] == 11
    assert report["ledger"]["expiries"] > 0


def test_old_secrets_go_and_nobody_elses(played: Played) -> None:
    _, report = played
    assert report["retired"] >= 6
    assert report["foreign_removed"] == []


def test_each_way_a_rotation_can_end_is_there(played: Played) -> None:
    _, report = played
    rotations = report["rotations"]
    assert rotations["completed"] >= 6
    assert rotations["overlapping"] >= 1
    assert rotations["by_reason"] == {"credential-limit": 1, "policy-forbids": 1, "vault-name-taken": 1}
    assert report["deliveries"]["awaiting_person"] == 1
    assert report["deliveries"]["failed"] == 0


def test_every_downstream_system_signs_in_with_what_it_holds(played: Played) -> None:
    _, report = played
    assert report["sign_ins"] == {"checked": 13, "ok": 13}


def test_no_secret_text_is_anywhere(played: Played) -> None:
    _, report = played
    assert report["canary_leaks"] == []


def test_into_a_pipe_go_plain_lines_of_eighty_columns(played: Played) -> None:
    done, _ = played
    assert "\x1b" not in done.stdout
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= 80
    for told in ("Billing API", "waits for Dmitri Ivanov", "policy-forbids", "still used by SRV-BATCH-03", "a stray"):
        assert told in " ".join(done.stdout.split()), told


def _inventory(path: Path) -> Path:
    ids = {"id": "5c1a2f9e-94a1-4b9c-8a57-0d9a3f4e1b10", "appId": "8d3b6c1f-2f8e-4b1a-9f0e-6a7b8c9d0e1f"}
    ends = ("2020-01-02T03:04:05Z", "2299-12-31T00:00:00Z", "2198-01-01T00:00:00Z")
    secrets = [
        {"keyId": f"0f4b1c52-7d7e-4f0a-a6c3-2f1f6a7b8c9{place}", "displayName": None, "endDateTime": end, "hint": "abc"}
        for place, end in enumerate(ends)
    ]
    entry = {**ids, "displayName": "Übergröße 秘密", "passwordCredentials": secrets, "keyCredentials": []}
    path.write_text(json.dumps([entry]))
    return path


def test_tonights_run_is_rehearsed_on_somebodys_own_inventory(tmp_path: Path) -> None:
    report_path = tmp_path / "report.json"
    done = run("--tenant", str(_inventory(tmp_path / "applications.json")), "--report", str(report_path))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(report_path.read_text())
    assert report["tenant"] == {"applications": 1, "credentials": 3}
    assert report["scan"]["complete"]
    assert report["lines"] == {"enrolled": 0, "monitored": 1}
    assert report["inventory"] == {"due": 0, "expired": 1, "never": 1, "strays": 0, "later": 1}
    assert report["rotations"]["opened"] == report["retired"] == 0


@pytest.mark.parametrize("content", ['{"value": []}', "az: command not found", "[1]"])
def test_a_file_that_is_no_inventory_is_refused_with_the_command_that_writes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    path = tmp_path / "applications.json"
    path.write_text(content)
    monkeypatch.setattr(sys, "argv", ["demo", "--exit", "--tenant", str(path)])
    assert main() == 2
    assert "az ad app list --all -o json" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = run("--tenant", str(tmp_path / "nowhere.json"))
    assert done.returncode == 2
    assert "nowhere.json" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("raw", TEXT.encode()),
        ("base64", base64.b64encode(TEXT.encode())),
        ("base64", base64.b64encode(f'{{"value": "{TEXT}", "more": 1}}'.encode())),
        ("base64", base64.urlsafe_b64encode(b"??>" + TEXT.encode())),
        ("URL-encoded", quote(TEXT).replace("~", "%7E").encode()),
    ],
)
def test_a_leak_is_found_in_every_form_and_told_without_the_text(form: str, content: bytes) -> None:
    (found,) = leaks([TEXT], [Piece("table t, row p r", b"before " + content + b" after")])
    assert found == f"table t, row p r: a secret text, {form}"


def test_what_is_clean_is_not_called_a_leak() -> None:
    assert leaks([TEXT, "reserved"], [Piece("somewhere", b'{"state": "reserved", "hint": "aB3"}')]) == []
