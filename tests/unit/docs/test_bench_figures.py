"""What makes `make bench` fail: a ratio that is worse by more than a fifth, whichever way worse is."""

import json
from pathlib import Path

import pytest

from tests.bench.figures import Figure, as_json, read_baseline, regressions, write_baseline, write_run

BEFORE = {"ratio": 2.0}


def ratio(value: float, *, at_least: bool = False, goal: float | None = 3) -> Figure:
    return Figure(name="ratio", value=value, unit="times", goal=goal, at_least=at_least, ratio=True)


@pytest.mark.parametrize(
    ("figure", "worse"),
    [
        (ratio(2.39), False),
        (ratio(2.41), True),
        (ratio(0.1), False),
        (ratio(2.41, goal=None), True),
        (ratio(1.61, at_least=True), False),
        (ratio(1.59, at_least=True), True),
        (Figure(name="ratio", value=99, unit="s"), False),
        (Figure(name="ratio", value=3, unit="writes", kept=True), True),
        (Figure(name="another", value=99, unit="times", ratio=True), False),
    ],
)
def test_worse_by_more_than_a_fifth_is_a_regression(figure: Figure, worse: bool) -> None:
    assert bool(regressions([figure], BEFORE)) == worse


def test_a_baseline_keeps_what_was_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, [ratio(1), Figure(name="old", value=4, unit="times")])
    write_baseline(path, [ratio(2.00004)])
    assert read_baseline(path) == {"ratio": 2.0, "old": 4}


def test_a_kept_run_says_when_each_figure_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "last_run.json"
    write_run(path, [ratio(2.5), Figure(name="only told", value=1, unit="s")], load=7.77)
    told = json.loads(path.read_text())
    assert list(told) == ["ratio", "only told"]
    ours = told["ratio"]
    assert (ours["value"], ours["goal"], ours["holds"], ours["load"]) == (2.5, 3, True, 7.8)
    assert ours["date"].count("-") == 2
    assert ours["commit"]


def test_the_report_has_the_goal_and_whether_it_holds() -> None:
    assert json.loads(as_json([ratio(4)])) == {"ratio": {"value": 4, "unit": "times", "goal": 3, "holds": False}}
