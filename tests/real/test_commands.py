"""
Every command of the pages that can be typed here is typed here, once, in one world, in the order of an operator's life.

tests/unit/docs/test_commands.py holds that a command of a page is in this story, has a test of its own, or says why
it cannot be run here.
"""

from collections.abc import Iterator

import pytest

from tests.real.commands.play import Play, Step, playing
from tests.real.commands.story import STORY

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    with playing(tmp_path_factory.mktemp("commands")) as running:
        yield running


@pytest.mark.parametrize("step", STORY, ids=lambda step: step.shown)
def test_a_command_does_what_its_page_says(play: Play, step: Step) -> None:
    if step.first is not None:
        step.first(play)
    answer = play.type(step)
    told = " ".join(f"{answer.out} {answer.error}".split())
    assert answer.code == step.code, told
    assert step.says in told


def test_at_the_end_nothing_is_ours_any_more(play: Play) -> None:
    assert play.stage.lines() == []


def test_no_secret_was_ever_shown_at_the_terminal(play: Play) -> None:
    said = "\n".join(play.stage.terminal.heard)
    assert len(said) > 10_000
    assert [text for text in play.cloud.entra.canaries() if text in said] == []
