"""When a timer was last due, as the host reads six fields."""

from datetime import UTC, datetime, timedelta, timezone

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
    with pytest.raises(Misread) as told:
        Schedule.parse(text)
    assert told.value.message == f"not a schedule: {text!r}; expected six fields, seconds first, such as 0 0 2 * * *"


def test_fields_are_read_in_utc_wherever_the_question_comes_from() -> None:
    schedule, there = Schedule.parse("0 0 2 * * *"), timezone(timedelta(hours=9))
    found = schedule.latest(MONDAY.astimezone(there)), schedule.following(MONDAY.astimezone(there))
    assert found == (datetime(2026, 3, 2, 2, tzinfo=UTC), datetime(2026, 3, 3, 2, tzinfo=UTC))
    assert all(each.tzinfo is UTC for each in found)


def test_a_year_is_how_far_it_looks_both_ways() -> None:
    yearly = Schedule.parse("0 0 2 2 Mar *")
    early = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert yearly.latest(early) == datetime(2025, 3, 2, 2, tzinfo=UTC)
    assert yearly.following(MONDAY) == datetime(2027, 3, 2, 2, tzinfo=UTC)
    leap = Schedule.parse("0 0 2 29 Feb *")
    assert leap.latest(datetime(2029, 3, 1, 3, tzinfo=UTC)) == datetime(2028, 2, 29, 2, tzinfo=UTC), "366 days ago"
    assert leap.latest(datetime(2029, 3, 2, 3, tzinfo=UTC)) is None
    assert leap.following(datetime(2027, 2, 28, 1, tzinfo=UTC)) == datetime(2028, 2, 29, 2, tzinfo=UTC)
    assert leap.following(datetime(2027, 2, 27, 1, tzinfo=UTC)) is None


def test_a_moment_within_a_second_counts_as_that_second() -> None:
    each = Schedule.parse("* * * * * *")
    now = MONDAY.replace(microsecond=250_000)
    assert (each.latest(now), each.following(now)) == (MONDAY, MONDAY.replace(second=1))


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("5-1", (1, 2, 3, 4, 5)),
        ("57/1", (57, 58, 59)),
        ("0/1", tuple(range(60))),
        ("56/2", (56, 58)),
        ("58-59", (58, 59)),
    ],
)
def test_ranges_and_steps(field: str, seconds: tuple[int, ...]) -> None:
    assert Schedule.parse(f"{field} * * * * *").seconds == seconds


def test_months_have_names_at_both_ends_of_a_range() -> None:
    assert Schedule.parse("0 0 2 * Jan-Mar *").months == (1, 2, 3)
    assert Schedule.parse("0 0 2 * * Sun-Tue").weekdays == (0, 1, 2)
