"""What is deployed is pinned and listed, and workflows run only what is pinned."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.architecture.sources import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
ACTION = re.compile(r"uses: (\S+)(.*)")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_bill_of_materials_lists_every_pin() -> None:
    """`make sbom` writes it; `make test-real` compares all of it."""
    pins = {(name.lower(), version) for name, version in PINNED.findall(text("requirements.txt"))}
    listed = json.loads(text("sbom.cdx.json"))["components"]
    assert {(each["name"].lower(), each["version"]) for each in listed} == pins
    assert len(pins) > 50


def test_every_package_has_its_licence_on_the_page() -> None:
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", text("docs/licences.md"), re.MULTILINE)[1:]
    assert {(name, version) for name, version, _licence in rows} == set(PINNED.findall(text("requirements.txt")))
    assert [name for name, _version, licence in rows if licence.strip() in {"", "unknown"}] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_name_their_version(workflow: Path) -> None:
    found = ACTION.findall(workflow.read_text(encoding="utf-8"))
    loose = [
        action for action, rest in found if not re.search(r"@[0-9a-f]{40}$", action) or not re.match(r" # v\d", rest)
    ]
    assert [action for action in loose if not action.startswith("./")] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_have_no_right_that_a_job_does_not_ask_for(workflow: Path) -> None:
    told = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert told["permissions"] == {}
    assert all("timeout-minutes" in job for job in told["jobs"].values() if "uses" not in job)


LOOKS_LIKE_A_SECRET = (
    re.compile(r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"),  # what Entra makes
    re.compile(
        r"AccountKey=(?!Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/)[A-Za-z0-9+/]{60,}"
    ),  # not Azurite's
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]"),
    re.compile(r"gh[pousr]_[A-Za-z0-9]{36}"),
    re.compile(r"[?&]sig=[A-Za-z0-9%_-]{40,}"),
)

MADE_UP = frozenset({"tests/sandbox/test_demo.py", "tests/unit/telemetry/test_redaction.py"})
"""Tests of what recognises secrets."""


def test_nothing_in_the_tree_looks_like_a_secret() -> None:
    """The app has none of its own outside the vault, and tests use words that look like none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if name in MADE_UP or path.suffix in {".png", ".svg", ".lock"} or not path.is_file():
            continue
        told = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {shape.pattern}" for shape in LOOKS_LIKE_A_SECRET if shape.search(told)]
    assert found == []


def test_the_page_names_each_workflow_and_each_variable_of_the_deployment() -> None:
    page = text("docs/deploy.md").partition("## From GitHub")[2].partition("\n## ")[0]
    variables = set(re.findall(r"\bvars\.([A-Z_]+)", text(".github/workflows/deploy.yml")))
    assert variables
    assert {name for name in (*variables, *(path.stem for path in WORKFLOWS)) if f"`{name}`" not in page} == set()
