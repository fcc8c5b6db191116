"""What Clock and Ulids promise."""

from collections.abc import Callable
from datetime import UTC, timedelta

from ulid import ULID

from rotation.ports.clock import Clock, Ulids

type GoBack = Callable[[timedelta], None]
"""Sets the machine's clock back, as a correction does."""

CLOSE = timedelta(seconds=5)


class ClockPromises:
    def test_instants_are_aware_and_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    def test_time_does_not_run_backwards_by_itself(self, clock: Clock) -> None:
        seen = [clock.now() for _time in range(1000)]
        assert seen == sorted(seen)

    def test_ulids_are_valid_distinct_and_in_order(self, ulids: Ulids) -> None:
        made = [ulids.make() for _time in range(5000)]
        assert made == sorted(made)
        assert len(set(made)) == len(made)
        assert {str(ULID.from_str(each)) for each in made} == set(made)

    def test_ulids_tell_when_they_were_made(self, clock: Clock, ulids: Ulids) -> None:
        assert abs(ULID.from_str(ulids.make()).datetime - clock.now()) < CLOSE

    def test_later_ulids_sort_after_earlier_ones_when_the_clock_goes_back(self, ulids: Ulids, go_back: GoBack) -> None:
        before = ulids.make()
        go_back(timedelta(hours=1))
        assert ulids.make() > before
