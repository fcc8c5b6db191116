"""What is deployed is listed as it is, and the workflows hold what their judge asks."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_bill_of_materials_and_the_licences_are_those_of_the_pins() -> None:
    done = run(".ci/sbom", "--check")
    assert done.returncode == 0, done.stderr


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    done = run(".tools/audit/bin/zizmor", "--offline", "--pedantic", ".github")
    assert done.returncode == 0, done.stdout
