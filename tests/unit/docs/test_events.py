"""docs/events.md and the code name the same events: alerts and people's own queries build on them."""

import re

from tests.unit.docs.events import described, logged

FORM = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*")
RESERVED = {"name", "msg", "args", "level", "message", "module", "process", "thread", "created", "filename"}
"""Fields of a log record itself; `logging` refuses some of them as facts."""


def test_every_event_has_a_name_of_its_area_and_what_happened() -> None:
    assert {each.where: each.event for each in logged() if not FORM.fullmatch(each.event)} == {}


def test_every_event_that_is_logged_is_described() -> None:
    """Add a row to docs/events.md: alerts and workbooks may build on it from then on."""
    missing = {each.event: each.where for each in logged() if each.event not in described()}
    assert missing == {}


def test_every_event_that_is_described_is_logged() -> None:
    assert set(described()) - {each.event for each in logged()} == set()


def test_levels_and_facts_are_those_described() -> None:
    told = described()
    wrong = {}
    for each in logged():
        level, facts = told[each.event]
        if level != each.level.replace("exception", "error"):
            wrong[each.where] = f"{each.event}: {each.level}, described as {level}"
        if each.facts - facts:
            wrong[each.where] = f"{each.event}: {sorted(each.facts - facts)} are not described"
        if each.facts & RESERVED:
            wrong[each.where] = f"{each.event}: {sorted(each.facts & RESERVED)} belong to the record"
    assert wrong == {}


def test_the_table_is_in_order() -> None:
    assert list(described()) == sorted(described())
