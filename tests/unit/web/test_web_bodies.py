"""What a wrong body is told: each field, and what is allowed there."""

import pytest

from rotation.web import brakes, rotations, scans
from rotation.web.exchange import Handler
from tests.fakes.world import World
from tests.unit.web.caller import call


async def test_a_body_that_is_not_json_is_told_so() -> None:
    answer = await call(World(), scans.begin, raw=b"{dryRun: true}")
    assert (answer.status, answer.slug) == (400, "bad-request")
    assert "the body is not JSON" in answer.body["detail"]


async def test_a_body_that_is_not_an_object_is_told_which_fields_there_are() -> None:
    answer = await call(World(), scans.begin, ["secrets"])
    assert answer.status == 400
    assert "dryRun, passes" in answer.body["detail"]


@pytest.mark.parametrize(
    ("handler", "body", "told"),
    [
        (scans.begin, {"dryrun": True}, "dryrun: unknown field; allowed: dryRun, passes"),
        (scans.begin, {"dryRun": "yes"}, "dryRun: is not true or false; write one of them, without quotes"),
        (scans.begin, {"dryRun": 1}, "dryRun: is not true or false; write one of them, without quotes"),
        (
            scans.begin,
            {"passes": ["secret"]},
            "passes.0: is none of the values that it may have; write 'secrets', 'usage'",
        ),
        (rotations.begin, {}, "application: is missing; add it"),
        (rotations.begin, {"application": ""}, "application: is empty; write something"),
        (rotations.begin, {"application": "x", "line": "Not A Name"}, "line: is not a name; write lower-case letters"),
        (
            rotations.begin,
            {"application": "x", "reason": "bored"},
            "reason: is none of the values that it may have; write 'requested' or 'compromised'",
        ),
        (brakes.pause, {}, "reason: is missing; add it"),
        (brakes.pause, {"reason": "   "}, "reason: is empty; write something"),
        (brakes.pause, {"reason": "x", "breaker": True}, "breaker: unknown field; allowed: reason"),
    ],
)
async def test_a_wrong_field_is_named_with_what_is_allowed(handler: Handler, body: object, told: str) -> None:
    answer = await call(World(), handler, body)
    assert (answer.status, answer.slug) == (400, "bad-request")
    assert any(problem.startswith(told) for problem in answer.body["facts"]["problems"]), answer.body


async def test_every_wrong_field_is_told_at_once() -> None:
    answer = await call(World(), rotations.begin, {"succeed": "no", "colour": "red"})
    assert [problem.partition(":")[0] for problem in answer.body["facts"]["problems"]] == [
        "application",
        "succeed",
        "colour",
    ]


async def test_a_wrong_value_is_not_repeated_in_the_answer() -> None:
    """A caller may have put a secret into the wrong field."""
    answer = await call(World(), scans.begin, {"dryRun": "Canary~secret.text"})
    assert "Canary" not in str(answer.body)
