"""Each point of evidence to the last word: what people read in `rotation show`, and the instant that the wake is set to."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rotation.domain.delivery import Acknowledged, Cancelled, Delivery, Level, Pending, Verdict, Verified
from rotation.domain.evidence import (
    ALIVE_WITHIN,
    LEARNING,
    REPORT_LAG,
    Case,
    Point,
    Source,
    Standing,
    Usage,
    complete,
    hopeless,
    outlasts,
    quiet_of,
    verified,
    weigh,
)
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.policy import Retire, Terms
from rotation.domain.use import CLOCKS_DIFFER, Use
from tests.fakes.clock import START
from tests.unit.domain.test_evidence import DAY, NEW, NOW, OLD, PUBLISHED, SECOND, STORE, case, delivery, usage

TICK = timedelta(microseconds=1)
THIRD = DestinationName("alpha")
MISSING, THERE, NEVER_HAD = Standing.MISSING, Standing.THERE, Standing.CANNOT_BE_HAD


def point(of: Case, letter: str, now: datetime = NOW, key: KeyId = OLD) -> Point:
    (found,) = [each for each in weigh(of, key, now) if each.letter == letter]
    return found


def of(letter: str, standing: Standing, why: str, until: datetime | None = None, *, seen: bool = False) -> Point:
    return Point(letter=letter, standing=standing, why=why, until=until, seen=seen)


def test_a_in_words() -> None:
    assert point(case(), "a") == of("a", THERE, "somebody is known to use the line")
    nobody = case(named={}, deliveries={})
    assert point(nobody, "a") == of("a", NEVER_HAD, "the line has no destination and names no reader")


def test_b_names_all_that_wait_in_order_and_what_can_never_be_verified() -> None:
    three = dict.fromkeys((STORE, SECOND, THIRD), timedelta(0))
    levels = dict.fromkeys(three, Level.STORED)
    one = case(named=three, reaches=levels)
    assert point(one, "b") == of("b", MISSING, "not verified yet: alpha, second")
    every = {name: case().deliveries[STORE] for name in three}
    assert point(case(named=three, reaches=levels, deliveries=every), "b") == of("b", THERE, "3 of 3 verified")
    low = {name: delivery(Verified(verdict=_verdict(Level.ACCEPTED), at=PUBLISHED)) for name in three}
    unreadable = case(named=three, reaches=dict.fromkeys(three, Level.ACCEPTED), deliveries=low)
    assert point(unreadable, "b") == of("b", NEVER_HAD, "cannot be verified: alpha, second, store")
    assert point(case(named=three, reaches={}, deliveries=low), "b").standing is NEVER_HAD


def test_b_what_waits_and_cannot_be_verified_is_still_waited_for() -> None:
    two = dict.fromkeys((STORE, SECOND), timedelta(0))
    levels = dict.fromkeys(two, Level.ACCEPTED)
    open_one = case(named=two, reaches=levels, deliveries={STORE: delivery(Pending())})
    assert point(open_one, "b") == of("b", MISSING, "not verified yet: second, store")
    ended = {name: delivery(Cancelled(why="x", at=PUBLISHED)) for name in two}
    assert point(case(named=two, reaches=levels, deliveries=ended), "b").standing is NEVER_HAD
    stores = dict.fromkeys(two, Level.STORED)
    again = point(case(named=two, reaches=stores, deliveries=ended), "b")
    assert again == of("b", MISSING, "not verified yet: second, store"), "what can be read may be verified yet"


def test_b_looks_at_every_destination_whatever_the_one_before_it_is() -> None:
    two = dict.fromkeys((STORE, SECOND), timedelta(0))
    levels = dict.fromkeys(two, Level.STORED)
    done = case(named=two, reaches=levels)
    assert point(done, "b") == of("b", MISSING, "not verified yet: second")
    said = {STORE: delivery(Acknowledged(by="berta", at=PUBLISHED, answers={}))}
    clock = case(named=two, reaches=levels, deliveries=said, retire=Retire.AFTER_OVERLAP)
    assert point(clock, "b") == of("b", MISSING, "not verified yet: second")


def _verdict(level: Level) -> Verdict:
    return Verdict(found=case().deliveries[STORE].phase.verdict.found, level=level)  # type: ignore[union-attr]


def test_only_what_was_found_current_at_stored_or_surer_is_verified() -> None:
    levels = {Level.ACCEPTED: False, Level.STORED: True, Level.AUTHENTICATES: True, Level.IN_USE: True}
    for level, stands in levels.items():
        assert verified(delivery(Verified(verdict=_verdict(level), at=PUBLISHED))) is stands
    assert not verified(None)


def ends(found: Point) -> datetime:
    assert found.letter == "c"
    assert found.until is not None
    assert found.why == f"overlap window ends {found.until:%Y-%m-%d %H:%M} UTC"
    return found.until


def test_c_counts_from_the_last_of_published_first_verified_and_acknowledged() -> None:
    two = dict.fromkeys((STORE, SECOND), timedelta(0))
    later, latest = PUBLISHED + 2 * DAY, PUBLISHED + 3 * DAY

    def first_verified(at: datetime | None) -> Delivery:
        made = delivery(Verified(verdict=_verdict(Level.STORED), at=latest))
        return replace(made, first_verified_at=at)

    assert ends(point(case(named=two, deliveries={}), "c")) == PUBLISHED + 7 * DAY
    once_more = case(named=two, deliveries={STORE: first_verified(later), SECOND: delivery(Pending())})
    assert ends(point(once_more, "c")) == later + 7 * DAY, "verified again is not verified later"
    assert ends(point(case(deliveries={STORE: first_verified(None)}), "c")) == latest + 7 * DAY
    said = delivery(Acknowledged(by="berta", at=later, answers={}))
    assert ends(point(case(named=two, deliveries={SECOND: said}), "c")) == later + 7 * DAY


def test_c_is_over_at_its_end_and_a_destination_may_need_longer() -> None:
    over_at = PUBLISHED + 7 * DAY
    assert point(case(), "c", over_at - TICK).standing is MISSING
    assert point(case(), "c", over_at).standing is THERE
    assert ends(point(case(named={STORE: 9 * DAY}), "c")) == PUBLISHED + 9 * DAY
    assert ends(point(case(named={STORE: 2 * DAY}), "c")) == PUBLISHED + 7 * DAY


def test_d_without_a_source_in_words() -> None:
    none = case(usage=Usage())
    assert point(none, "d") == of("d", NEVER_HAD, "no usage source is configured")
    stands = case(usage=Usage(), retire=Retire.AFTER_OVERLAP)
    why = "no usage source is configured; the enrolment lets the clock stand for it"
    assert point(stands, "d") == of("d", THERE, why)


def test_d_every_source_says_why_it_cannot_tell() -> None:
    sources = tuple(Source(name=name, sees=False, first_read_at=START, read_at=NOW) for name in ("report", "log"))
    why = "report cannot see all use of this application; log cannot see all use of this application"
    assert point(case(usage=Usage(sources=sources)), "d") == of("d", NEVER_HAD, why)


def test_d_a_source_is_alive_once_it_has_shown_our_own_sign_in() -> None:
    dead = case(usage=usage(uses={}))
    last = PUBLISHED + ALIVE_WITHIN
    assert point(dead, "d", last) == of("d", MISSING, "report has not shown our own sign-in yet")
    assert point(dead, "d", last + TICK) == of("d", NEVER_HAD, "report has not shown our own sign-in in 7 days")
    assert point(case(own_sign_ins=None), "d", last).why == "report has not shown our own sign-in yet"

    def shown(at: datetime) -> Case:
        signed_in = (PUBLISHED, PUBLISHED + DAY)
        return case(own_sign_ins=signed_in, usage=usage(uses={NEW: Use(shown={"report": at})}))

    assert point(shown(PUBLISHED - CLOCKS_DIFFER), "d").standing is THERE, "clocks differ"
    assert point(shown(PUBLISHED - CLOCKS_DIFFER - TICK), "d").standing is NEVER_HAD


def test_d_a_source_must_have_been_read_within_the_report_lag() -> None:
    why = "report was not read in the last 48 hours"
    assert point(case(usage=usage(read_at=NOW - REPORT_LAG)), "d").standing is THERE
    assert point(case(usage=usage(read_at=NOW - REPORT_LAG - TICK)), "d") == of("d", MISSING, why)
    assert point(case(usage=usage(read_at=None)), "d") == of("d", MISSING, why)


def test_d_silence_is_measured_from_the_beginning_of_watching() -> None:
    """Watched for less than 35 days, 35 days must be silent; the report lags by two."""
    began = NOW - 20 * DAY
    young = case(known_since={OLD: began})
    silent_at = began + LEARNING + REPORT_LAG
    told = f"never seen in use; silent enough from {silent_at:%Y-%m-%d}"
    assert point(young, "d") == of("d", MISSING, told, silent_at)
    learnt_at = began + LEARNING
    fresh = case(usage=usage(read_at=learnt_at), known_since={OLD: began})
    assert point(fresh, "d", learnt_at - TICK).standing is MISSING
    assert point(fresh, "d", learnt_at) == of("d", THERE, "no sign-in with it for 7 days, says report")


def test_d_silence_is_long_enough_at_its_end() -> None:
    began, terms = NOW - 20 * DAY, Terms(overlap=7 * DAY, quiet=40 * DAY)
    silent_at = began + 40 * DAY + REPORT_LAG
    slow = case(terms=terms, usage=usage(read_at=silent_at), known_since={OLD: began})
    told = f"never seen in use; silent enough from {silent_at:%Y-%m-%d}"
    assert point(slow, "d", silent_at - TICK) == of("d", MISSING, told, silent_at)
    assert point(slow, "d", silent_at) == of("d", THERE, "no sign-in with it for 40 days, says report")


def test_d_a_key_that_nobody_told_of_is_watched_from_now_on() -> None:
    silent_at = NOW + LEARNING + REPORT_LAG
    assert point(case(known_since={}), "d").until == silent_at
    assert point(case(usage=usage(first_read_at=None)), "d").until == silent_at


def test_d_a_source_that_learns_yet_waits_longer_after_a_use_than_one_that_is_dead_would() -> None:
    """The dead one has watched long enough, so the use is old enough for it; the one that vouches has not."""
    used, began = NOW - 10 * DAY, NOW - 20 * DAY
    dead = Source(name="log", sees=False, first_read_at=START, read_at=NOW)
    young = Source(name="report", sees=True, first_read_at=began, read_at=NOW)
    uses = {**usage().uses, OLD: Use(last_used_at=used)}
    silent_at = used + LEARNING + REPORT_LAG
    why = f"last used {used:%Y-%m-%d %H:%M} UTC; silent enough from {silent_at:%Y-%m-%d}"
    assert point(case(usage=Usage(sources=(dead, young), uses=uses)), "d") == of("d", MISSING, why, silent_at)


def test_d_a_sighting_counts_until_it_is_silent_enough() -> None:
    used = NOW - 3 * DAY
    uses = {**usage().uses, OLD: Use(last_used_at=used, origin="payments, 203.0.113.7")}
    silent_at = used + 7 * DAY + REPORT_LAG
    why = f"last used {used:%Y-%m-%d %H:%M} UTC payments, 203.0.113.7; silent enough from {silent_at:%Y-%m-%d}"
    seen = case(usage=usage(uses=uses))
    assert point(seen, "d") == of("d", MISSING, why, silent_at, seen=True)
    without_origin = case(usage=usage(uses={**uses, OLD: Use(last_used_at=used)}))
    assert point(without_origin, "d").why.startswith(f"last used {used:%Y-%m-%d %H:%M} UTC; silent")
    later = case(usage=usage(uses=uses, read_at=silent_at))
    assert point(later, "d", silent_at - TICK).seen
    assert point(later, "d", silent_at) == of("d", THERE, "no sign-in with it for 7 days, says report")


def test_d_any_source_that_may_tell_of_silence_does_and_the_sooner_one_first() -> None:
    """One has been read long enough, the other since yesterday: the first tells; so would it in another order."""
    old = Source(name="report", sees=True, first_read_at=START, read_at=NOW)
    new = Source(name="log", sees=True, first_read_at=NOW - DAY, read_at=NOW)
    blind = Source(name="blind", sees=False, first_read_at=START, read_at=NOW)
    uses = {NEW: Use(shown={"report": PUBLISHED, "log": PUBLISHED})}
    for sources in ((old, new, blind), (blind, new, old)):
        assert point(case(usage=Usage(sources=sources, uses=uses)), "d").standing is THERE
    unread = Source(name="unread", sees=True, first_read_at=START, read_at=None)
    both = Usage(sources=(unread, new), uses={NEW: Use(shown={"unread": PUBLISHED, "log": PUBLISHED})})
    assert point(case(usage=both), "d").until == NOW - DAY + LEARNING + REPORT_LAG, "what has an instant comes first"


def test_a_longer_gap_asks_for_a_longer_silence() -> None:
    watched = case()
    (source,) = watched.usage.sources
    assert quiet_of(watched, OLD, NOW, source=source) == 7 * DAY
    monthly = case(usage=usage(uses={OLD: Use(longest_gap=31 * DAY)}))
    assert quiet_of(monthly, OLD, NOW, source=source) == 31 * DAY
    short = case(terms=Terms(overlap=timedelta(0), quiet=timedelta(0)))
    assert quiet_of(short, OLD, NOW, source=source) == timedelta(0)
    at_the_edge = case(known_since={OLD: NOW - LEARNING})
    assert quiet_of(at_the_edge, OLD, NOW, source=source) == 7 * DAY
    younger = case(known_since={OLD: NOW - LEARNING + TICK})
    assert quiet_of(younger, OLD, NOW, source=source) == LEARNING


def test_a_line_outlasts_its_silence_or_lapses() -> None:
    """Lead time less overlap must be at least quiet and the report's lag."""
    enough = Terms(lifetime=180 * DAY, lead_time=16 * DAY, overlap=7 * DAY)
    assert not outlasts(enough)
    assert outlasts(Terms(lifetime=180 * DAY, lead_time=16 * DAY - TICK, overlap=7 * DAY))
    assert not outlasts(Terms(lifetime=48 * DAY, lead_time=60 * DAY, overlap=7 * DAY)), "a third of the lifetime"
    assert outlasts(Terms(lifetime=47 * DAY, lead_time=60 * DAY, overlap=7 * DAY))
    assert not outlasts(Terms(lead_time=DAY, retire=Retire.AFTER_OVERLAP))


def test_complete_and_hopeless_ask_every_point() -> None:
    there, missing = of("a", THERE, ""), of("b", MISSING, "")
    never, seen = of("d", NEVER_HAD, ""), of("d", MISSING, "", seen=True)
    assert complete((there,))
    assert not complete((there, missing))
    assert hopeless((there, missing, never))
    assert not hopeless((there, missing))
    assert not hopeless((never, seen)), "somebody still needs it"


def test_a_point_in_one_line() -> None:
    assert str(of("d", NEVER_HAD, "why")) == "(d) cannot-be-had: why"


@pytest.mark.parametrize("canary", [True, False])
def test_the_canary_is_not_asked_for_silence(canary: bool) -> None:
    assert [each.letter for each in weigh(case(canary=canary), OLD, NOW)] == ["a", "b", "c", *([] if canary else ["d"])]
