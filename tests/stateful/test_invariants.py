"""
The invariants of docs/protocol.md, each a test that says it word for word.

`Anything` (machine.py) makes any interleaving of nights, messages, crashes, late workers, people and strangers; the
witness (tests/fakes/witness.py) holds every call against the invariants when it is sent, and everything after each
invocation. One run serves all ten: its breach, made as small as hypothesis can make it, is the failure of its test.
"""

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fakes.witness import Breach
from tests.stateful.machine import Anything

EXAMPLES = int(os.environ.get("ROTATION_EXAMPLES", "3"))
PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


@pytest.fixture(scope="module")
def breach() -> Breach | None:
    """The smallest run that breaks an invariant; any other error is everybody's."""
    try:
        run_state_machine_as_test(
            Anything,
            settings=settings(
                max_examples=EXAMPLES,
                # The same few each time in `make test`; `make crash` plays new ones.
                derandomize="ROTATION_EXAMPLES" not in os.environ,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    except Breach as found:
        return found
    return None


def holds(number: int, breach: Breach | None) -> None:
    if breach is not None and breach.number == number:
        raise breach


def test_invariant_1_no_lost_value(breach: Breach | None) -> None:
    """
    No lost value. Graph returns a secret's text once. From then until it is published, either a vault version holds
    it, or the credential is found by its marker, removed, and minted again.
    """
    holds(1, breach)


def test_invariant_2_never_no_way_in(breach: Breach | None) -> None:
    """
    Never no way in. No move of ours, save a declared compromise, leaves an application without a usable credential
    that its destinations hold.
    """
    holds(2, breach)


def test_invariant_3_only_what_is_ours(breach: Breach | None) -> None:
    """
    Only what is ours. A credential goes only if the ledger names its key id as minted by us or handed over at
    enrolment. A stray is only reported.
    """
    holds(3, breach)


def test_invariant_4_intent_first(breach: Breach | None) -> None:
    """
    Intent first. What a step is about to do is in the ledger before it is done, with enough to undo it.
    """
    holds(4, breach)


def test_invariant_5_evidence_ends_a_wait(breach: Breach | None) -> None:
    """
    Evidence ends a wait; a clock only lengthens it.
    """
    holds(5, breach)


def test_invariant_6_the_value_has_one_home(breach: Breach | None) -> None:
    """
    The value has one home. Secret text is in memory, in Key Vault and at its destinations: in no message, row, blob,
    log, exception, URL, mail or card.
    """
    holds(6, breach)


def test_invariant_7_a_failed_look_is_not_an_empty_look(breach: Breach | None) -> None:
    """
    A failed look is not an empty look. An incomplete scan, an unreadable usage source, a silent vault say so and
    decide nothing.
    """
    holds(7, breach)


def test_invariant_8_each_acts_once(breach: Breach | None) -> None:
    """
    Each acts once. A message may come twice, late or out of order, and two workers may hold the same one. Notices to
    people are at least once.
    """
    holds(8, breach)


def test_invariant_9_one_write_at_a_time(breach: Breach | None) -> None:
    """
    One Graph write at a time an application, one open rotation a line, many applications at once.
    """
    holds(9, breach)


def test_invariant_10_nothing_without_a_yes(breach: Breach | None) -> None:
    """
    Nothing without a yes. Without an enrolment nothing is minted, published, delivered or removed. Pause and mode are
    read again before each such step.
    """
    holds(10, breach)


def test_each_invariant_of_the_page_is_a_test_word_for_word() -> None:
    table = PAGE.read_text().split("## Invariants")[1].split("\n## ")[0]
    page = {int(n): " ".join(text.replace("**", "").split()) for n, text in re.findall(r"\| (\d+) \| (.+?) \|", table)}
    tests = {name: test for name, test in vars(sys.modules[__name__]).items() if name.startswith("test_invariant_")}
    told = {int(name.split("_")[2]): " ".join((test.__doc__ or "").split()) for name, test in tests.items()}
    assert told == page
