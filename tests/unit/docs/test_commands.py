"""Every command that a page shows has been run, or says why it cannot be run here (tests/real/test_commands.py types them)."""

import re

import pytest

from tests.real.commands.story import STORY
from tests.unit.docs.commands import ROOT, shown, untagged
from tests.unit.docs.commands_elsewhere import NOT_HERE, TESTED

TYPED = {step.shown for step in STORY}
EXCUSED = [command for commands in NOT_HERE.values() for command in commands]
OURS = re.compile(r"^(?:\.venv/bin/)?python -m (?:rotation|sandbox\.cli) ")


def plain(command: str) -> str:
    """Give it as the runbook writes it."""
    return OURS.sub("rotation ", command)


def is_typed(command: str) -> bool:
    """Tell whether it is in the story; a sentence names a command by its first words."""
    known = {plain(each) for each in TYPED}
    names_one = not re.search(r"[A-Z]{2}", command)
    return plain(command) in known or (names_one and any(each.startswith(f"{plain(command)} ") for each in known))


def test_every_command_of_a_page_is_run_or_says_why_not() -> None:
    """Add it to tests/real/commands/story.py; else to commands_elsewhere.py, with its test or the reason."""
    elsewhere = {*TESTED, *EXCUSED}
    found = shown()
    assert len(found) > 300
    assert {(each.page, each.text) for each in found if not is_typed(each.text) and each.text not in elsewhere} == set()


def test_every_command_that_is_listed_stands_on_a_page() -> None:
    on_pages = {each.text for each in shown()}
    assert {*TYPED, *TESTED, *EXCUSED} - on_pages == set()


def test_no_command_is_listed_twice() -> None:
    listed = [*TYPED, *TESTED, *EXCUSED]
    assert sorted({each for each in listed if listed.count(each) > 1}) == []


@pytest.mark.parametrize("test", sorted(set(TESTED.values())))
def test_the_test_that_is_named_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_commands_stand_in_blocks_of_shell() -> None:
    """Else this would not see them, and the site would not colour them."""
    assert untagged() == []
