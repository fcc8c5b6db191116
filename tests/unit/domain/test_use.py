"""Whose sign-ins a source shows: ours by time and address, and whatever may be somebody else's is theirs."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.identifiers import ClientId
from rotation.domain.use import CLOCKS_DIFFER, OWN_USE_MARGIN, OwnSignIns, Sighting, Use
from tests.fakes.clock import START
from tests.fakes.directory_state import make_key_id

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
PUBLISHED = START + timedelta(minutes=3)
OWN = OwnSignIns(first=START, last=START + timedelta(minutes=2), published_at=PUBLISHED)
OURS, THEIRS = "192.0.2.1", "203.0.113.7"


def sighting(at: datetime, address: str = "", *, first: datetime | None = None) -> Sighting:
    return Sighting(
        client_id=ClientId("c"), key_id=make_key_id(1), last_used_at=at, first_used_at=first, address=address
    )


def seen(*sightings: Sighting, own: OwnSignIns | None = OWN, source: str = "log") -> Use:
    use = Use()
    for one in sightings:
        use = use.seen(source, one, own)
    return use


def test_our_own_proof_shows_that_the_source_is_alive_and_is_no_use() -> None:
    use = seen(sighting(START), source="report")
    assert use.shown == {"report": START}
    assert (use.last_used_at, use.confirmed_at) == (None, None)


def test_before_anything_is_published_every_sign_in_is_ours() -> None:
    long = replace(OWN, published_at=None)
    assert seen(sighting(START + 3 * DAY), own=long).last_used_at is None
    assert seen(sighting(START + 3 * DAY)).last_used_at == START + 3 * DAY


@given(after=some.timedeltas(timedelta(minutes=2), 40 * DAY))
def test_what_is_more_than_an_hour_after_our_last_is_somebody_elses(after: timedelta) -> None:
    use = seen(sighting(PUBLISHED + after))
    theirs = PUBLISHED + after > OWN.last + OWN_USE_MARGIN
    assert (use.last_used_at is not None) is theirs
    assert (use.confirmed_at is not None) is theirs


def test_a_use_between_our_first_and_our_last_sign_in_is_not_taken_for_ours() -> None:
    """(e) signs in weeks after the proof; whoever used it in between did use it."""
    weeks = replace(OWN, last=START + 40 * DAY)
    use = seen(sighting(START + 20 * DAY), own=weeks)
    assert use.last_used_at == START + 20 * DAY
    assert use.confirmed_at is None, "to confirm a destination it has to be later than our last"


def test_from_another_address_it_is_somebodys_even_within_the_hour() -> None:
    use = seen(sighting(START, OURS), sighting(START + 20 * timedelta(minutes=1), THEIRS))
    assert use.own_addresses == (OURS,)
    assert use.last_used_at == START + timedelta(minutes=20)
    assert use.confirmed_at is None


def test_from_our_own_address_it_is_use_and_confirms_nothing() -> None:
    """A consumer may share our way out: its sign-ins keep an old key, and prove no switch."""
    use = seen(sighting(START, OURS), sighting(START + DAY, OURS))
    assert use.last_used_at == START + DAY
    assert use.confirmed_at is None
    confirmed = use.seen("log", sighting(START + 2 * DAY, THEIRS), OWN)
    assert confirmed.confirmed_at == START + 2 * DAY


def test_an_address_confirms_nothing_before_our_own_is_known() -> None:
    assert seen(sighting(START + DAY, THEIRS)).confirmed_at is None


def test_our_address_is_learned_from_the_first_of_what_is_summed_up() -> None:
    use = seen(sighting(START + 9 * HOUR, OURS, first=START))
    assert use.own_addresses == (OURS,)
    assert use.last_used_at == START + 9 * HOUR


def test_a_key_that_was_handed_over_has_no_sign_ins_of_ours() -> None:
    use = seen(sighting(START, THEIRS), own=None)
    assert (use.last_used_at, use.confirmed_at) == (START, START), "whoever it was, it was not us"


def test_what_a_source_has_shown_is_the_latest_in_whatever_order_it_comes() -> None:
    use = seen(sighting(START + DAY), sighting(START))
    assert use.shown == {"log": START + DAY}


def test_to_confirm_it_has_to_be_more_than_an_hour_after_our_last_and_at_an_hour_it_may_be_ours() -> None:
    last = OWN.last + OWN_USE_MARGIN
    assert seen(sighting(last, THEIRS)).confirmed_at is None
    known = replace(Use(), own_addresses=(OURS,))
    assert known.seen("log", sighting(last, THEIRS), OWN).confirmed_at is None
    assert known.seen("log", sighting(last + TICK, THEIRS), OWN).confirmed_at == last + TICK


def test_the_longest_gap_grows_and_readings_that_come_twice_change_nothing() -> None:
    days = [sighting(START + n * DAY) for n in (1, 2, 32, 33)]
    use = seen(*days)
    assert use.longest_gap == 30 * DAY
    assert seen(*days, *days) == use
    assert use.last_used_at == START + 33 * DAY


def test_a_gap_ends_with_the_first_of_what_is_summed_up() -> None:
    use = seen(sighting(START + DAY), sighting(START + 2 * DAY, first=START + DAY + HOUR))
    assert use.longest_gap == HOUR


def test_each_source_is_alive_by_itself() -> None:
    use = seen(sighting(START)).seen("report", sighting(START + DAY), OWN)
    assert use.shown == {"log": START, "report": START + DAY}


def test_ours_reaches_from_five_minutes_before_to_an_hour_after_each_of_ours() -> None:
    own = OwnSignIns(first=START + 10 * DAY, last=START + 40 * DAY, published_at=START)
    for one in (own.first, own.last):
        assert own.may_be(one - CLOCKS_DIFFER)
        assert not own.may_be(one - CLOCKS_DIFFER - TICK)
        assert own.may_be(one + OWN_USE_MARGIN)
        assert not own.may_be(one + OWN_USE_MARGIN + TICK)


def test_until_the_very_instant_of_publishing_nobody_else_holds_it() -> None:
    assert OWN.alone(PUBLISHED)
    assert not OWN.alone(PUBLISHED + TICK)
