"""Windows, freezes, the ramp's counters and the circuit breaker, as values."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.brakes import IN_A_ROW, Breaker, RampCount
from rotation.domain.identifiers import PolicyName
from rotation.domain.policy import Limits, Policy, Ramp, Selector
from rotation.domain.window import Freeze, Window

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
instants = some.integers(min_value=0, max_value=365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(at=instants)
def test_a_window_and_its_complement_cover_each_instant_exactly_once(at: datetime) -> None:
    zone = ZoneInfo("Europe/Berlin")
    by_day = Window(opens=time(8), closes=time(20), zone=zone)
    by_night = Window(opens=time(20), closes=time(8), zone=zone)
    assert by_day.is_open(at) is not by_night.is_open(at)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    friday_night = Window(days=frozenset({4}), opens=time(22), closes=time(4))
    friday = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    assert friday_night.is_open(friday)
    assert friday_night.is_open(friday + timedelta(hours=4))
    assert not friday_night.is_open(friday + timedelta(hours=6))
    assert not friday_night.is_open(friday + timedelta(days=1))


def test_a_window_opens_at_its_first_instant_and_is_shut_at_its_last() -> None:
    midnight = datetime(2026, 3, 6, tzinfo=UTC)
    day, night = Window(opens=time(8), closes=time(20)), Window(opens=time(20), closes=time(8))
    assert [day.is_open(midnight + timedelta(hours=hour)) for hour in (8, 20)] == [True, False]
    assert [night.is_open(midnight + timedelta(hours=hour)) for hour in (8, 20)] == [False, True]


def test_a_window_is_told_in_its_own_zone() -> None:
    morning = Window(opens=time(2), closes=time(3), zone=ZoneInfo("America/New_York"))
    assert not morning.is_open(NOW)
    assert morning.is_open(NOW + timedelta(hours=5))


@pytest.mark.parametrize(("day", "held"), [(23, False), (24, True), (26, True), (27, False)])
def test_a_freeze_holds_on_both_its_ends(day: int, held: bool) -> None:
    freeze = Freeze(first=date(2026, 12, 24), last=date(2026, 12, 26))
    policy = Policy(name=PolicyName("p"), selector=Selector(), freeze=(freeze,))
    assert policy.permits_now(datetime(2026, 12, day, 12, tzinfo=UTC)) is not held


def test_the_first_week_counts_from_the_first_enrolment() -> None:
    limits = Limits()
    assert limits.at(NOW, None) == limits.first_week
    assert limits.at(NOW, NOW - timedelta(days=6)) == limits.first_week
    assert limits.at(NOW, NOW - timedelta(days=7)) == limits.usual


@given(opened=some.integers(0, 50), limit=some.integers(0, 50), under_way=some.integers(0, 50))
def test_a_ramp_never_opens_more_than_it_says(opened: int, limit: int, under_way: int) -> None:
    count = RampCount(night="n", opened=opened)
    ramp = Ramp(opened_per_night=limit, open_at_once=limit)
    assert count.may_open(ramp, under_way) is (opened < limit and under_way < limit)
    assert count.of("another") == RampCount(night="another")
    assert count.of("n") is count


def told(*outcomes: str, night: str = "n") -> Breaker:
    breaker = Breaker()
    for outcome in outcomes:
        breaker = breaker.told(outcome, night=night, now=NOW)
    return breaker


def test_five_in_a_row_of_one_reason_open_the_breaker() -> None:
    assert told(*["vault"] * 4).open_reason is None
    assert told(*["vault"] * 5).open_reason == "vault"
    assert told("vault", "vault", "", "vault", "vault").open_reason is None
    assert told("vault", "other", "vault", "vault", "vault").open_reason is None


def test_a_tenth_of_the_night_opens_it_and_less_does_not() -> None:
    mixed = (["vault"] + [""] * 9) * 5
    assert told(*mixed).open_reason == "vault"
    rare = ([""] * 14 + ["vault"]) * 5
    assert told(*rare).open_reason is None


@given(outcomes=some.lists(some.sampled_from(["", "vault", "other"]), max_size=80))
def test_an_open_breaker_stays_open_whatever_follows_until_it_is_reset(outcomes: list[str]) -> None:
    breaker = told(*["vault"] * IN_A_ROW)
    for outcome in outcomes:
        breaker = breaker.told(outcome, night="later", now=NOW)
    assert breaker.open_reason == "vault"
    assert breaker.reset().open_reason is None
    assert breaker.reset().tail == ()


@given(outcomes=some.lists(some.sampled_from(["", "vault", "other"]), max_size=60))
def test_fewer_than_five_of_one_reason_never_open_it(outcomes: list[str]) -> None:
    breaker = told(*outcomes)
    worst = max((outcomes.count(reason) for reason in ("vault", "other")), default=0)
    assert breaker.open_reason is None or worst >= IN_A_ROW
