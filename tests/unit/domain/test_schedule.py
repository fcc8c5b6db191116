"""When a timer was last due, as the host reads six fields."""

from datetime import UTC, datetime

import pytest

from rotation.domain.errors import Misread
from rotation.domain.schedule import Schedule

MONDAY = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("0 0 2 * * *", (3, 2, 2, 0, 0)),
        ("0 0 14 * * *", (3, 1, 14, 0, 0)),
        ("0 30 12 * * *", (3, 2, 12, 30, 0)),
        ("0 */5 * * * *", (3, 2, 12, 30, 0)),
        ("30 * * * * *", (3, 2, 12, 29, 30)),
        ("0 0 2 * * 1-5", (3, 2, 2, 0, 0)),
        ("0 0 2 * * Sun", (3, 1, 2, 0, 0)),
        ("0 0 2 * * Saturday,Wed", (2, 28, 2, 0, 0)),
        ("0 0 2 1 * *", (3, 1, 2, 0, 0)),
        ("0 0 2 28 Feb *", (2, 28, 2, 0, 0)),
        ("0 15,45 8-10 * * *", (3, 2, 10, 45, 0)),
    ],
)
def test_the_last_instant_at_which_it_was_due(text: str, last: tuple[int, ...]) -> None:
    month, day, hour, minute, second = last
    found = datetime(2026, month, day, hour, minute, second, tzinfo=UTC)
    assert Schedule.parse(text).latest(MONDAY) == found


@pytest.mark.parametrize(
    ("text", "next_one"),
    [
        ("0 0 2 * * *", (3, 3, 2, 0, 0)),
        ("0 30 12 * * *", (3, 3, 12, 30, 0)),
        ("0 */5 * * * *", (3, 2, 12, 35, 0)),
        ("30 * * * * *", (3, 2, 12, 30, 30)),
        ("0 0 2 * * Sun", (3, 8, 2, 0, 0)),
        ("0 15,45 8-13 * * *", (3, 2, 12, 45, 0)),
    ],
)
def test_the_next_instant_at_which_it_is_due(text: str, next_one: tuple[int, ...]) -> None:
    month, day, hour, minute, second = next_one
    found = datetime(2026, month, day, hour, minute, second, tzinfo=UTC)
    assert Schedule.parse(text).following(MONDAY) == found


def test_a_day_that_is_in_no_calendar_is_never_due() -> None:
    never = Schedule.parse("0 0 2 31 2 *")
    assert never.latest(MONDAY) is None
    assert never.following(MONDAY) is None


@pytest.mark.parametrize(
    "text",
    ["", "0 2 * * *", "0 0 25 * * *", "0 0 2 0 * *", "0 0 2 * * 7", "0 0 2 * * noday", "0 0/0 2 * * *", "a b c d e f"],
)
def test_what_is_no_schedule_is_misread(text: str) -> None:
    with pytest.raises(Misread):
        Schedule.parse(text)
