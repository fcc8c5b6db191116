"""`rotation config` and `--help`: what needs no cloud."""

import json
from pathlib import Path

import pytest

from rotation.cli.complaints import Exit
from tests.unit.cli.conftest import WIDTH, Shell

SOUND = """
policies:
  - name: hr
    select: {names: ["HR*"]}
  - name: tagged
    select: {tags: [hr]}
"""


def test_the_committed_configuration_is_sound(shell: Shell) -> None:
    done = shell.type("config", "check")
    assert done.exit_code == 0, done.output
    assert "rotation.yaml is sound" in done.stdout


def test_a_sound_file_tells_where_policies_meet(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SOUND)
    seen = shell.facts("config", "check", str(file))
    assert seen["valid"] is True
    assert any("'hr' and 'tagged'" in line for line in seen["overlaps"])


def test_every_problem_is_told_with_its_place_and_what_is_allowed(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("policies:\n  - name: hr\n    select: {names: [x]}\n    lifetime: 30\n    modus: rotate\n")
    done = shell.type("config", "check", str(file))
    assert done.exit_code == Exit.FINDINGS
    assert "mine.yaml:4:" in done.stderr
    assert "mine.yaml:5:" in done.stderr
    assert "allowed:" in done.stderr
    seen = shell.facts("config", "check", str(file))
    assert [problem["line"] for problem in seen["problems"]] == [4, 5]


def test_a_file_that_is_not_there_is_told_so(shell: Shell, tmp_path: Path) -> None:
    done = shell.type("config", "check", str(tmp_path / "none.yaml"))
    assert done.exit_code == Exit.WRONG_USE
    assert "none.yaml cannot be read" in done.stderr


def test_the_schema_is_json_and_is_the_committed_one(shell: Shell) -> None:
    done = shell.type("config", "schema")
    assert json.loads(done.stdout)["title"] == "rotation.yaml"
    assert done.stdout == (Path(__file__).parents[3] / "rotation.schema.json").read_text()


def test_help_lists_every_command_and_every_exit_code(shell: Shell) -> None:
    shown = " ".join(shell.type("--help").stdout.split())
    for command in (
        "plan",
        "enrol",
        "release",
        "rotate",
        "status",
        "show",
        "approve",
        "acknowledge",
        "retry",
        "abandon",
        "handoffs",
    ):
        assert f" {command} " in shown
    for code in Exit:
        assert f" {int(code)} " in shown


@pytest.mark.parametrize("command", ["plan", "enrol", "rotate", "status", "show", "scan", "pause", "retry"])
def test_every_command_that_answers_can_answer_in_json(shell: Shell, command: str) -> None:
    shown = shell.type(command, "--help").stdout
    assert "--json" in shown
    assert max(map(len, shown.splitlines())) <= WIDTH
