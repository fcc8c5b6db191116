"""A part of `make fuzz` in each `make test`: the same inputs each time."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rotation.config import load
from rotation.integrations.catalogue import KINDS
from tests.fuzz.targets import SMALL, TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_it_answers_whatever_it_is_given(target: Target) -> None:
    @settings(
        max_examples=100,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(target.given)
    def holds(what: object) -> None:
        target.try_on(what)

    holds()


def test_the_configuration_that_is_changed_is_a_good_one() -> None:
    """Else nothing behind its first mistake would ever be reached."""
    assert load(SMALL, name="r.yaml", kinds=KINDS).configuration.policies
