"""When a line is due: asked of a line, never of a credential."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.credential import NEVER, Application, Credential
from rotation.domain.identifiers import KeyId, LineId, LineName, ObjectId
from rotation.domain.line import (
    EXPIRED_STILL_OPENS,
    CannotOpen,
    Due,
    HeldKey,
    LastPublished,
    NotDue,
    Reason,
    Sight,
    due,
    fits,
    lead_of,
    lifetime_of,
)
from rotation.domain.policy import Terms
from tests.fakes.clock import START
from tests.fakes.directory_state import make_application, make_key_id

DAY = timedelta(days=1)
LINE = LineId(ObjectId("a0000000-0000-0000-0000-000000000001"), LineName("default"))
KEY = make_key_id(1)
spans = some.timedeltas(min_value=timedelta(days=1), max_value=timedelta(days=900))


def sight(*secrets: Credential, terms: Terms | None = None, **more: object) -> Sight:
    application: Application = make_application(1, *secrets)
    made = Sight(application=application, terms=terms or Terms(), longest=None, assisted=False)
    return replace(made, **more)  # type: ignore[arg-type]


def ending(end_in: timedelta, key: KeyId = KEY) -> Credential:
    return Credential(key_id=key, end_at=START + end_in)


def last(end_in: timedelta, **more: object) -> LastPublished:
    held = HeldKey(key_id=KEY, end_at=START + end_in)
    return replace(LastPublished(line=LINE, current=held), **more)  # type: ignore[arg-type]


@given(end_in=some.timedeltas(min_value=-100 * DAY, max_value=400 * DAY))
def test_due_exactly_between_the_lead_time_and_thirty_days_past_the_end(end_in: timedelta) -> None:
    answer = due(last(end_in), sight(ending(end_in)), START)
    lead = lead_of(LINE, Terms(), Terms().lifetime)
    expected = -EXPIRED_STILL_OPENS <= end_in <= lead
    assert isinstance(answer, Due) is expected
    if isinstance(answer, Due):
        assert answer.reason is (Reason.EXPIRED if end_in <= timedelta(0) else Reason.DUE)
        assert answer.down_now is (end_in <= timedelta(0))


@given(lead=spans, lifetime=spans, line=some.integers(min_value=1, max_value=10**6))
def test_the_effective_lead_time_is_at_most_a_third_and_a_fifth_brought_forward(
    lead: timedelta, lifetime: timedelta, line: int
) -> None:
    line_id = LineId(make_application(line).object_id, LineName("default"))
    effective = lead_of(line_id, Terms(lead_time=lead), lifetime)
    base = min(lead, lifetime / 3)
    assert base <= effective <= base * 1.2 + timedelta(microseconds=1)
    assert effective == lead_of(line_id, Terms(lead_time=lead), lifetime), "the same each night"


def test_what_was_made_on_one_day_does_not_fall_due_on_one_night() -> None:
    days = {
        lead_of(LineId(make_application(n).object_id, LineName("default")), Terms(), 180 * DAY).days for n in range(100)
    }
    assert len(days) >= 10


@given(longest=some.none() | spans, wanted=spans)
def test_the_asked_lifetime_is_never_longer_than_the_tenants_maximum(
    longest: timedelta | None, wanted: timedelta
) -> None:
    asked = lifetime_of(Terms(lifetime=wanted), longest)
    assert asked <= wanted
    assert longest is None or asked <= longest


def test_other_credentials_make_nothing_due() -> None:
    foreign = ending(DAY, make_key_id(2))
    assert isinstance(due(last(170 * DAY), sight(ending(170 * DAY), foreign), START), NotDue)


def test_a_credential_that_is_gone_is_due_at_once() -> None:
    answer = due(last(170 * DAY), sight(), START)
    assert isinstance(answer, Due)
    assert answer.reason is Reason.GONE


def test_our_own_gone_is_done_again_once_and_then_contested() -> None:
    old = START - 2 * DAY
    assert isinstance(due(last(170 * DAY, minted_at=old), sight(), START), Due)
    again = due(last(170 * DAY, minted_at=old, repeated=True), sight(), START)
    assert isinstance(again, CannotOpen)
    assert again.reason == "contested"


def test_what_was_minted_within_the_hour_may_not_be_listed_yet() -> None:
    assert isinstance(due(last(170 * DAY, minted_at=START - timedelta(minutes=5)), sight(), START), NotDue)


def test_never_ending_disabled_and_nothing_current_are_not_due() -> None:
    never = Credential(key_id=KEY, end_at=NEVER)
    held = LastPublished(line=LINE, current=HeldKey(key_id=KEY, end_at=NEVER))
    assert isinstance(due(held, sight(never), START), NotDue)
    disabled = replace(make_application(1, ending(DAY)), disabled=True)
    assert isinstance(due(last(DAY), sight(application=disabled), START), NotDue)
    assert isinstance(due(LastPublished(line=LINE, current=None), sight(), START), NotDue)


def test_hindrances_are_named() -> None:
    def why(answer: object) -> str:
        assert isinstance(answer, CannotOpen)
        return answer.reason

    near = ending(DAY)
    assert why(due(last(DAY), sight(near, forbidden=True), START)) == "policy-forbids"
    assert why(due(last(DAY), sight(near, longest=10 * DAY), START)) == "lifetime-too-short"
    assert why(due(last(DAY, minted_at=START - 10 * DAY), sight(near), START)) == "rotating-too-often"


def test_a_hand_off_needs_its_deadline_to_fit_too() -> None:
    terms = Terms(lifetime=24 * DAY, lead_time=60 * DAY, overlap=7 * DAY)
    assert fits(terms, terms.lifetime, assisted=False)
    assert not fits(terms, terms.lifetime, assisted=True)
