"""docs/events.md tells every event of the code: alerts and people's own queries build on them."""

import re

from docs import make_events
from docs.make_events import MEANINGS, PAGE, facts_of, logged

FORM = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*")
RESERVED = {"name", "msg", "args", "level", "message", "module", "process", "thread", "created", "filename"}
"""Fields of a log record itself; `logging` refuses some of them as facts."""


def test_every_event_has_a_name_of_its_area_and_what_happened() -> None:
    assert {each.where: each.event for each in logged() if not FORM.fullmatch(each.event)} == {}


def test_every_event_has_a_meaning_and_every_meaning_an_event() -> None:
    """Say in `MEANINGS` what it tells: alerts and workbooks may build on it from then on."""
    assert {each.event: each.where for each in logged() if each.event not in MEANINGS} == {}
    assert set(MEANINGS) - {each.event for each in logged()} == set()


def test_the_page_is_what_the_code_logs() -> None:
    """`python -m docs.make_events` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == make_events.page()


def test_remarks_are_of_facts_that_there_are() -> None:
    wrong = {event: set(told.remarks) - set(facts_of(event)) for event, told in MEANINGS.items()}
    assert {event: facts for event, facts in wrong.items() if facts} == {}


def test_no_fact_is_a_field_of_the_record_itself() -> None:
    assert {each.where for each in logged() if RESERVED & set(facts_of(each.event))} == set()
