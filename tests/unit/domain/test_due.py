"""When a line is due: asked of a line, never of a credential."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.credential import NEVER, Application, Credential
from rotation.domain.identifiers import KeyId, LineId, LineName, ObjectId
from rotation.domain.line import (
    EXPIRED_STILL_OPENS,
    LISTED_WITHIN,
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

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
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


def test_it_is_due_from_the_very_instant_on_and_a_tenants_short_maximum_makes_the_lead_short() -> None:
    lead = lead_of(LINE, Terms(), Terms().lifetime)
    assert isinstance(due(last(lead), sight(ending(lead)), START), Due)
    assert isinstance(due(last(lead + TICK), sight(ending(lead + TICK)), START), NotDue)
    short = lead_of(LINE, Terms(), 30 * DAY)
    within = replace(sight(ending(short + TICK)), longest=30 * DAY)
    assert due(last(short + TICK), within, START) == NotDue(why="not yet", due_at=START + TICK)


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


def test_why_it_is_not_due_and_from_when_it_will_be() -> None:
    assert due(last(DAY), sight(application=replace(make_application(1), disabled=True)), START) == NotDue(
        why="the application is disabled"
    )
    none = LastPublished(line=LINE, current=None)
    assert due(none, sight(), START) == NotDue(why="nothing of this line is current")
    never = replace(none, current=HeldKey(key_id=KEY, end_at=NEVER))
    listed = sight(Credential(key_id=KEY, end_at=NEVER))
    assert due(never, listed, START) == NotDue(why="its credential never ends")
    fresh = last(170 * DAY, minted_at=START)
    expected = NotDue(why="minted just now, and not listed yet", due_at=START + LISTED_WITHIN)
    assert due(fresh, sight(), START + LISTED_WITHIN - TICK) == expected
    assert due(fresh, sight(), START + LISTED_WITHIN) == Due(reason=Reason.GONE, ends_at=START + 170 * DAY)
    due_at = START + 170 * DAY - lead_of(LINE, Terms(), Terms().lifetime)
    assert due(last(170 * DAY), sight(ending(170 * DAY)), due_at - TICK) == NotDue(why="not yet", due_at=due_at)
    long_ago = NotDue(why="expired more than 30 days ago, and nothing is current")
    assert due(last(-30 * DAY - TICK), sight(ending(-30 * DAY - TICK)), START) == long_ago


def test_due_says_when_what_is_current_ends() -> None:
    at_the_edge = due(last(-30 * DAY), sight(ending(-30 * DAY)), START)
    assert at_the_edge == Due(reason=Reason.EXPIRED, ends_at=START - 30 * DAY)
    assert due(last(timedelta(0)), sight(ending(timedelta(0))), START) == Due(reason=Reason.EXPIRED, ends_at=START)
    assert due(last(TICK), sight(ending(TICK)), START) == Due(reason=Reason.DUE, ends_at=START + TICK)
    assert not Due(reason=Reason.DUE, ends_at=None).down_now
    assert Due(reason=Reason.GONE, ends_at=None).down_now


def test_what_never_ends_and_is_gone_is_due() -> None:
    never = LastPublished(line=LINE, current=HeldKey(key_id=KEY, end_at=NEVER))
    assert due(never, sight(), START) == Due(reason=Reason.GONE, ends_at=NEVER)


def test_hindrances_in_words() -> None:
    near = ending(DAY)
    forbidden = "an app-management policy of the tenant forbids new client secrets"
    assert due(last(DAY), sight(near, forbidden=True), START) == CannotOpen(reason="policy-forbids", detail=forbidden)
    short = "lead time, overlap and hand-off deadline do not fit in 10 days"
    answer = due(last(DAY), sight(near, longest=10 * DAY), START)
    assert answer == CannotOpen(reason="lifetime-too-short", detail=short)
    young = CannotOpen(
        reason="rotating-too-often",
        detail="the current credential was minted less than a quarter of its lifetime ago",
    )
    assert due(last(DAY, minted_at=START - 45 * DAY + TICK), sight(near), START) == young
    assert isinstance(due(last(DAY, minted_at=START - 45 * DAY), sight(near), START), Due)
    assert isinstance(due(last(-DAY, minted_at=START - DAY), sight(ending(-DAY)), START), Due), "down is down"
    detail = "somebody removed our credential again after we had repeated our work"
    again = due(last(DAY, minted_at=START - 2 * DAY, repeated=True), sight(), START)
    assert again == CannotOpen(reason="contested", detail=detail)
    handed_over = due(last(DAY, repeated=True), sight(), START)
    assert handed_over == Due(reason=Reason.GONE, ends_at=START + DAY), "it was not ours that they removed"


def test_an_assisted_line_needs_time_for_a_person() -> None:
    terms = Terms(lifetime=24 * DAY, lead_time=60 * DAY, overlap=7 * DAY)
    near = ending(DAY)
    assert isinstance(due(last(DAY), sight(near, terms=terms), START), Due)
    assert isinstance(due(last(DAY), sight(near, terms=terms, assisted=True), START), CannotOpen)


def test_what_fits_to_the_day_fits() -> None:
    terms = Terms(lead_time=10 * DAY, overlap=7 * DAY, hand_off_deadline=11 * DAY)
    assert fits(terms, 30 * DAY, assisted=True)
    assert not fits(terms, 30 * DAY - TICK, assisted=True)
    assert fits(terms, 30 * DAY - TICK, assisted=False)
    short = Terms(lead_time=10 * DAY, overlap=7 * DAY)
    assert not fits(replace(short, overlap=18 * DAY + TICK), 30 * DAY, assisted=False)
    assert fits(replace(short, overlap=18 * DAY), 30 * DAY, assisted=False)


def test_a_line_is_brought_forward_by_its_own_share_of_a_fifth() -> None:
    digest = hashlib.sha256(str(LINE).encode()).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    assert lead_of(LINE, Terms(lead_time=10 * DAY), 180 * DAY) == 10 * DAY * (1 + share / 5)
