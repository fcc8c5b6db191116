"""A part of `make fuzz` in each `make test`: the same inputs each time."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.targets import TARGETS, Target


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
