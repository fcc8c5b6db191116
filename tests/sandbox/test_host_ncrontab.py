from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.host.ncrontab import Schedule, ScheduleError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 0 2 * * *", "2026-11-22T01:59:59", "2026-11-22T02:00:00"),
        ("0 0 2 * * *", "2026-11-22T02:00:00", "2026-11-23T02:00:00"),
        ("0 */5 * * * *", "2026-11-22T10:04:59.9", "2026-11-22T10:05:00"),
        ("30 5/20 * * * *", "2026-11-22T10:26:00", "2026-11-22T10:45:30"),
        ("* * * * * *", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("0 0 9-17 * * Mon-Fri", "2026-11-20T17:00:00", "2026-11-23T09:00:00"),
        ("0 30 8 * * 0", "2026-11-22T09:00:00", "2026-11-29T08:30:00"),
        ("0 0 0 29 2 *", "2026-11-22T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 31 * *", "2026-11-01T00:00:00", "2026-12-31T00:00:00"),
        ("0 0 0 1 january,July *", "2026-02-01T00:00:00", "2026-07-01T00:00:00"),
        ("0 0 6,18 */10 * *", "2026-11-21T18:00:00", "2026-12-01T06:00:00"),
        ("0 0 0 13 * 5", "2026-11-22T00:00:00", "2027-08-13T00:00:00"),
        ("0 0 0 * * 5-3", "2026-11-21T00:00:00", "2026-11-25T00:00:00"),
    ],
)
def test_the_next_occurrence_is_the_first_one_strictly_later(text: str, after: str, expected: str) -> None:
    assert Schedule.parse(text).next_after(at(after)) == at(expected)


@pytest.mark.parametrize(
    "text",
    [
        "0 0 2 * *",
        "60 * * * * *",
        "* * * 0 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "a * * * * *",
        "* * * * Foo *",
        "1- * * * * *",
        "*/ * * * * *",
        "",
    ],
)
def test_what_azure_refuses_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule.parse(text)


def test_a_day_that_no_month_has_is_reported_instead_of_searched_for_ever() -> None:
    with pytest.raises(ScheduleError, match="never occurs"):
        Schedule.parse("0 0 0 31 2 *").next_after(at("2026-11-22T00:00:00"))


def test_only_schedules_within_the_minute_are_too_fast_to_be_monitored() -> None:
    assert Schedule.parse("*/30 * * * * *").fires_more_than_once_a_minute()
    assert not Schedule.parse("0 * * * * *").fires_more_than_once_a_minute()


@given(
    start=st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    second=st.integers(0, 59),
    step=st.integers(1, 59),
)
def test_an_occurrence_agrees_with_trying_every_second(start: datetime, second: int, step: int) -> None:
    schedule = Schedule.parse(f"{second} */{step} * * * *")
    begin = start.replace(tzinfo=UTC)
    moment = begin.replace(microsecond=0) + timedelta(seconds=1)
    while moment.second != second or moment.minute % step:
        moment += timedelta(seconds=1)
    assert schedule.next_after(begin) == moment
