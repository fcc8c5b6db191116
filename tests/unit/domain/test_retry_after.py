"""How long a service asks us to wait, whatever it writes."""

from datetime import UTC, datetime, timedelta

import pytest

from rotation.domain.retry_after import LONGEST, retry_after

NOW = datetime(2026, 10, 21, 7, 27, 53, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (" 0.5 ", timedelta(seconds=0.5)),
        ("0", timedelta(0)),
        ("999999999999", LONGEST),
        ("9" * 400, None),
        ("-1", None),
        ("²", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", timedelta(seconds=7)),
        ("Wed, 21 Oct 2026 07:28:00 -0000", timedelta(seconds=7)),
        ("Wed, 21 Oct 2026 09:28:00 +0200", timedelta(seconds=7)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(0)),
        ("Wed, 21 Oct 2099 07:28:00 GMT", LONGEST),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(told: str | None, wait: timedelta | None) -> None:
    assert retry_after(told, now=NOW) == wait


def test_a_date_says_nothing_to_whoever_has_no_clock() -> None:
    assert retry_after("Wed, 21 Oct 2026 07:28:00 GMT") is None
