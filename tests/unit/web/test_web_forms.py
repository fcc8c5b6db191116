"""Forms: what they send, and whom they were given to."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from rotation.web.bodies import BadRequest, Body
from rotation.web.exchange import Request
from rotation.web.forms import fields_of, read_form
from rotation.web.principal import Principal, Role
from rotation.web.protection import form_token, form_was_given
from rotation.web.refusals import ForeignForm
from tests.fakes.world import World

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
OLGA = Principal(name="olga@x", kind="person", object_id="1", roles=frozenset({Role.OPERATOR}))


class Wish(Body):
    """What a form of these tests holds."""

    reason: str
    key_ids: tuple[str, ...] = ()
    yes: bool = False


def sent(*fields: tuple[str, str], by: Principal = OLGA) -> Request:
    return Request(method="POST", path="/x", headers=FORM, body=urlencode(fields).encode(), principal=by)


def test_a_form_fills_the_model_that_json_fills() -> None:
    wish = read_form(Wish, sent(("reason", " moved "), ("keyIds", "a"), ("keyIds", "b"), ("yes", "on"), ("token", "t")))
    assert (wish.reason, wish.key_ids, wish.yes) == ("moved", ("a", "b"), True)


def test_a_field_left_empty_was_not_sent() -> None:
    with pytest.raises(BadRequest) as refused:
        read_form(Wish, sent(("reason", "  "), ("yes", "")))
    assert refused.value.problems == ("reason: is missing; add it",)


@pytest.mark.parametrize(
    ("field", "problem"),
    [(("other", "1"), "other: unknown field; allowed: reason, keyIds, yes"), (("yes", "perhaps"), "yes: is")],
)
def test_what_no_model_names_is_refused(field: tuple[str, str], problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_form(Wish, sent(("reason", "x"), field))
    assert refused.value.problems[0].startswith(problem)


def test_what_is_no_form_is_refused() -> None:
    for request in (
        replace(sent(), headers={"content-type": "application/json"}),
        replace(sent(), body=b"\xff=1"),
        replace(sent(), body=b"&".join(b"a=1" for _ in range(500))),
    ):
        with pytest.raises(BadRequest):
            fields_of(request)


async def test_a_form_comes_back_from_whom_it_was_given_to() -> None:
    world = World()
    services = world.services()
    token = await form_token(services, OLGA)
    await form_was_given(services, sent(("token", token)))
    for request in (sent(("token", token), by=replace(OLGA, object_id="2")), sent(("token", token + "x")), sent()):
        with pytest.raises(ForeignForm):
            await form_was_given(services, request)
    world.clock.advance(timedelta(hours=13))
    with pytest.raises(ForeignForm):
        await form_was_given(services, sent(("token", token)))
