"""How fast one process writes to the directory: what it is told, and many processes under one quota that none knows."""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from rotation.domain.pace import AIM, PERSONAL_BUDGET, PERSONAL_WINDOW, SPREAD, WINDOW, Pace, Paces
from tests.fakes.chance import chance

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def booked(pace: Pace, count: int, now: datetime = NOON) -> list[datetime]:
    """Take places until that many are booked; what must ask again asks when it was told to."""
    found: list[datetime] = []
    while len(found) < count:
        place = pace.book(now, lot=0.5)
        if place.booked:
            found.append(place.at)
        else:
            now = place.at
    return found


def wrote(pace: Pace, count: int, *, share: float | None = None, now: datetime = NOON) -> None:
    for number in range(count):
        pace.book(now, lot=0)
        pace.wrote(now, share if number == count - 1 else None)


def test_without_a_word_of_pressure_it_holds_nobody_back() -> None:
    pace = Pace()
    assert booked(pace, 1000) == [NOON] * 1000
    wrote(pace, 1000)
    assert not pace.closed(NOON)
    assert booked(pace, 10) == [NOON] * 10


@pytest.mark.parametrize(("written", "share"), [(16, 0.8), (80, 0.8), (50, 1.0)])
def test_it_keeps_to_its_own_part_of_what_is_used(written: int, share: float) -> None:
    pace = Pace()
    wrote(pace, written, share=share)
    may = round(written * AIM / share)
    places = booked(pace, 3 * may)
    within = [sum(at < other <= at + WINDOW for other in places) for at in places]
    assert may * 0.9 <= max(within) <= may + 1
    gaps = [later - earlier for earlier, later in pairwise(places[-may:])]
    assert min(gaps) >= WINDOW * SPREAD / (may + 1), "and they lie spread, not in one heap a window"


def test_a_refusal_closes_for_as_long_as_it_says_and_a_place_booked_before_holds_no_longer() -> None:
    pace = Pace()
    wrote(pace, 10)
    pace.refused(NOON, 7 * SECOND)
    assert pace.closed(NOON + 6.9 * SECOND)
    assert not pace.closed(NOON + 7 * SECOND)
    assert pace.book(NOON, lot=0).at >= NOON + 7 * SECOND
    pace.refused(NOON, 3 * SECOND)
    assert pace.closed(NOON + 6.9 * SECOND), "a shorter word does not open earlier"


def test_a_refusal_that_names_no_wait_closes_for_a_tenth_of_the_window() -> None:
    pace = Pace()
    pace.refused(NOON, None)
    assert pace.closed(NOON + WINDOW / 10 - SECOND)
    assert not pace.closed(NOON + WINDOW / 10)


def test_one_that_has_written_nothing_may_write_once_a_window_after_a_refusal() -> None:
    pace = Pace()
    pace.refused(NOON, SECOND)
    first, second = booked(pace, 2)
    assert first == NOON + SECOND
    assert second >= first + WINDOW * 0.7


def test_places_further_off_than_a_window_are_not_booked_and_those_who_ask_again_are_spread() -> None:
    pace = Pace()
    wrote(pace, 16, share=0.8)
    while (place := pace.book(NOON, lot=0.0)).booked:
        assert place.at <= NOON + WINDOW
    assert place.at == NOON + WINDOW * 0.4
    late = pace.book(NOON, lot=1.0)
    assert (late.booked, late.at) == (False, NOON + WINDOW)
    assert pace.book(NOON + WINDOW * 2, lot=0).booked, "and nothing was used up by asking"


def test_a_place_right_at_the_end_of_the_window_is_still_booked() -> None:
    pace = Pace()
    pace.refused(NOON, WINDOW)
    assert pace.book(NOON, lot=0).booked
    later = Pace()
    later.refused(NOON, WINDOW + SECOND)
    assert not later.book(NOON, lot=0).booked


def test_it_tries_more_after_half_a_window_without_pressure_and_no_sooner() -> None:
    pace = Pace()
    wrote(pace, 20, share=1.0)
    before = len(places_in_a_window(pace))
    for part in (0.2, 0.4):
        pace.wrote(NOON + WINDOW * part, None)
    assert len(places_in_a_window(pace)) == before
    pace.wrote(NOON + WINDOW * 0.6, None)
    assert len(places_in_a_window(pace)) > before


def places_in_a_window(pace: Pace) -> list[datetime]:
    start = NOON + 10 * WINDOW
    pace._booked.clear()
    found = [place.at for _ in range(100) if (place := pace.book(start, lot=0)).booked]
    pace._booked.clear()
    return found


def test_a_refusal_is_pressure_too_it_lasts_half_a_window_and_leaves_a_little_less_than_was_written() -> None:
    pace = Pace()
    wrote(pace, 40)
    pace.refused(NOON, SECOND)
    told = len(places_in_a_window(pace))
    assert told == pytest.approx(40 * AIM, abs=1)
    pace.wrote(NOON + WINDOW * 0.4, None)
    assert len(places_in_a_window(pace)) == told
    pace.wrote(NOON + WINDOW * 0.5, None)
    assert len(places_in_a_window(pace)) > told


@pytest.mark.parametrize(("since", "free"), [(9, True), (10, False), (11, False)])
def test_it_is_near_the_pressure_from_half_of_it_on(since: int, free: bool) -> None:
    pace = Pace()
    wrote(pace, 19, share=AIM * 19 / 20)  # 20 writes a window
    later = NOON + 2 * WINDOW
    for _ in range(since):
        pace._written.append(later)
    pace._ease(20.0, later)
    assert (pace._budget is None) is free


def test_it_forgets_the_pressure_where_it_does_not_come_near_it() -> None:
    pace = Pace()
    wrote(pace, 20, share=0.9)
    quiet = NOON + 2 * WINDOW
    pace.wrote(quiet, None)
    assert booked(pace, 50, quiet) == [quiet] * 50


def test_applications_with_personal_accounts_have_a_slow_lane_and_hold_nobody_else_back() -> None:
    paces = Paces()
    slow = booked(paces.of(personal=True), 60)
    within = [sum(at <= other < at + PERSONAL_WINDOW for other in slow) for at in slow]
    assert max(within) <= PERSONAL_BUDGET
    assert booked(paces.of(personal=False), 100) == [NOON] * 100
    lane = paces.of(personal=True)
    lane.refused(NOON, SECOND)
    lane.wrote(NOON + PERSONAL_WINDOW * 20, None)
    later = booked(lane, 60, NOON + PERSONAL_WINDOW * 40)
    assert len([at for at in later if at < later[0] + PERSONAL_WINDOW]) <= PERSONAL_BUDGET, "it is never unbounded"


def test_the_window_is_a_setting_of_the_usual_lane() -> None:
    short = Paces(10 * SECOND).of(personal=False)
    wrote(short, 10, share=1.0)
    assert booked(short, 20)[-1] < NOON + 40 * SECOND


@dataclass(kw_only=True)
class Quota:
    """A directory's: so many in a sliding window, whoever asks."""

    limit: int
    window: float
    tells: bool
    taken: deque[float] = field(default_factory=deque)
    refused: int = 0

    def ask(self, now: float) -> tuple[float | None, float | None]:
        """Give the wait of a refusal, or the share that is told."""
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        if len(self.taken) >= self.limit:
            self.refused += 1
            return max(1.0, self.taken[0] + self.window - now), None
        self.taken.append(now)
        share = round(len(self.taken) / self.limit, 1)
        return None, share if self.tells and share >= 0.8 else None


def night(quota: Quota, *, processes: int, lines: int, a_second: float, seed: int) -> float:
    """
    Write for so many lines and give the seconds until the last one; messages fall to any process.

    A write arrives up to two seconds after its place, as reads come before it.
    """
    random = chance(seed)
    paces = [Pace(timedelta(seconds=quota.window)) for _ in range(processes)]
    order: Iterator[int] = iter(range(1_000_000))
    waiting = [(number / a_second, next(order), False, -1) for number in range(lines)]
    heapq.heapify(waiting)
    last = 0.0
    while waiting:
        at, _, placed, holder = heapq.heappop(waiting)
        now = NOON + at * SECOND
        if holder < 0:
            holder = random.randrange(processes)
            if not placed or paces[holder].closed(now):
                place = paces[holder].book(now, lot=random.random())
                if place.at > now:
                    come = (place.at - NOON).total_seconds() + random.random()
                    heapq.heappush(waiting, (come, next(order), place.booked, -1))
                    continue
            heapq.heappush(waiting, (at + random.uniform(0.1, 2), next(order), True, holder))
            continue
        wait, share = quota.ask(at)
        if wait is None:
            paces[holder].wrote(now, share)
            last = at
            continue
        paces[holder].refused(now, wait * SECOND)
        place = paces[holder].book(now, lot=random.random())
        heapq.heappush(waiting, ((place.at - NOON).total_seconds() + random.random(), next(order), place.booked, -1))
    return last


REQUESTS_A_LINE = 13


@pytest.mark.parametrize("a_second", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_300_lines_of_two_processes_are_seldom_refused_and_hardly_slower_than_the_quota(
    a_second: int, seed: int
) -> None:
    quota = Quota(limit=20, window=30, tells=True)
    took = night(quota, processes=2, lines=300, a_second=a_second, seed=seed)
    assert quota.refused < 0.01 * REQUESTS_A_LINE * 300
    assert took <= 1.25 * (299 // 20) * 30


def test_5000_lines_of_four_processes_under_the_documented_window() -> None:
    quota = Quota(limit=900, window=150, tells=True)
    took = night(quota, processes=4, lines=5000, a_second=20, seed=1)
    assert quota.refused < 0.01 * REQUESTS_A_LINE * 5000
    assert took <= 1.25 * (4999 // 900) * 150


def test_a_directory_that_tells_nothing_is_learned_from_its_refusals() -> None:
    quota = Quota(limit=20, window=30, tells=False)
    took = night(quota, processes=2, lines=300, a_second=2, seed=1)
    assert quota.refused < 0.03 * REQUESTS_A_LINE * 300
    assert took <= 1.4 * (299 // 20) * 30
