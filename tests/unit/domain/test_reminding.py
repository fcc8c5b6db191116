"""Rungs, snoozes, escalations and quiet hours: instants in, decisions out."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.audience import QuietHours, owner, owner_address
from rotation.domain.identifiers import AudienceName, PolicyName
from rotation.domain.policy import Configuration, Policy, Selector
from rotation.domain.reminder import (
    ESCALATED,
    SNOOZE,
    ReminderKey,
    after_snooze,
    escalation_due,
    snoozed_until,
)

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHTS = QuietHours(begins=time(19), ends=time(7), days=frozenset({5, 6}))


@pytest.mark.parametrize(
    ("quiet", "local", "until"),
    [
        (QuietHours(), "2026-11-30T03:00", None),
        (NIGHTS, "2026-11-30T12:00", None),
        (NIGHTS, "2026-11-30T18:59", None),
        (NIGHTS, "2026-11-30T19:00", "2026-12-01T07:00"),
        (NIGHTS, "2026-12-01T06:59", "2026-12-01T07:00"),
        (NIGHTS, "2026-12-01T07:00", None),
        (NIGHTS, "2026-12-04T20:00", "2026-12-07T07:00"),
        (NIGHTS, "2026-12-05T12:00", "2026-12-07T07:00"),
        (QuietHours(begins=time(12), ends=time(13)), "2026-11-30T12:30", "2026-11-30T13:00"),
        (QuietHours(begins=time(12), ends=time(13)), "2026-11-30T13:00", None),
        (QuietHours(days=frozenset({6})), "2026-12-06T23:00", "2026-12-07T00:00"),
        (QuietHours(days=frozenset({6})), "2026-12-07T00:00", None),
        (QuietHours(begins=time(12), ends=time(13)), "2026-11-30T12:00", "2026-11-30T13:00"),
        (QuietHours(begins=time(12), ends=time(12)), "2026-11-30T12:00", None),
        (QuietHours(begins=time(19), ends=time(7)), "2026-11-30T07:00", None),
        (QuietHours(begins=time(19), ends=time(7)), "2026-11-30T19:00", "2026-12-01T07:00"),
    ],
)
def test_quiet_hours_are_those_of_the_people(quiet: QuietHours, local: str, until: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    expected = datetime.fromisoformat(until).replace(tzinfo=AMSTERDAM) if until else None
    assert quiet.hold(now, AMSTERDAM) == expected


@given(
    begins=st.times(),
    ends=st.times(),
    days=st.frozensets(st.integers(0, 6), max_size=6),
    hours=st.floats(0, 24 * 365),
)
def test_quiet_always_ends_within_a_week_and_is_over_then(
    begins: time, ends: time, days: frozenset[int], hours: float
) -> None:
    quiet, now = QuietHours(begins=begins, ends=ends, days=days), NOW + timedelta(hours=hours)
    until = quiet.hold(now, ZoneInfo("UTC"))
    if until is not None:
        assert now < until <= now + 8 * DAY
        assert quiet.hold(until, ZoneInfo("UTC")) is None


def test_a_week_without_any_day_to_speak_ends_all_the_same() -> None:
    """No configuration may say so; if one did, nothing would wait for ever."""
    until = QuietHours(days=frozenset(range(7))).hold(NOW, AMSTERDAM)
    assert until is not None
    assert NOW < until < NOW + 16 * DAY


def test_an_owner_is_an_audience_of_one() -> None:
    ada = owner("ada@contoso.example")
    assert ada.mail == ("ada@contoso.example",)
    assert owner_address(ada.name) == "ada@contoso.example"
    assert owner_address(AudienceName("payments")) is None


@pytest.mark.parametrize(
    ("waited", "rung"), [(2 * DAY, None), (3 * DAY, ESCALATED), (9 * DAY, ESCALATED), (10 * DAY, ESCALATED - 1)]
)
def test_it_escalates_when_patience_ends_and_again_each_week(waited: timedelta, rung: int | None) -> None:
    assert escalation_due(NOW - waited, NOW, 3 * DAY) == rung


def key(rung: int, *, ends_in: timedelta) -> ReminderKey:
    return ReminderKey(subject="s", rung=rung, audience=AudienceName("a"), end_at=NOW + ends_in)


def test_a_snooze_keeps_silent_and_then_tells_once() -> None:
    told = key(14, ends_in=10 * DAY)
    assert after_snooze(told, NOW + DAY, NOW) is None
    over = after_snooze(told, NOW - DAY, NOW)
    assert over is not None
    assert over.rung == -100_000_000 - 20261129
    assert after_snooze(told, NOW - DAY, NOW + DAY) == over, "the same name on each day, so that it is told once"


def test_a_rung_that_was_reached_after_a_snooze_is_told_as_always() -> None:
    fresh = key(7, ends_in=6 * DAY)
    assert after_snooze(fresh, NOW - 2 * DAY, NOW) == fresh
    never = key(-202611, ends_in=9000 * DAY)
    snoozed = after_snooze(never, NOW - 2 * DAY, NOW)
    assert snoozed is not None
    assert snoozed.rung != never.rung


def test_a_snooze_never_outlasts_the_end() -> None:
    assert snoozed_until(NOW + 30 * DAY, NOW) == NOW + SNOOZE
    assert snoozed_until(NOW + 2 * DAY, NOW) == NOW + 2 * DAY
    assert snoozed_until(NOW - 2 * DAY, NOW) == NOW + SNOOZE


def test_a_snooze_is_over_at_its_end_and_a_rung_reached_then_was_kept_silent() -> None:
    told = key(14, ends_in=14 * DAY)
    over = after_snooze(told, NOW, NOW)
    assert over is not None
    assert over.rung != told.rung
    last = key(0, ends_in=timedelta(hours=-1))
    assert after_snooze(last, NOW - DAY, NOW) == last
    at_the_end = key(0, ends_in=timedelta(0))
    snoozed = after_snooze(at_the_end, NOW, NOW)
    assert snoozed is not None
    assert snoozed.rung != 0
    assert snoozed_until(NOW, NOW) == NOW + SNOOZE


def test_a_policy_has_a_ladder_of_its_own_or_the_common_one() -> None:
    own = Policy(name=PolicyName("own"), selector=Selector(), rungs=(90, 7))
    common = Policy(name=PolicyName("common"), selector=Selector())
    configuration = Configuration(policies=(own, common), rungs=(60, 30))
    assert configuration.rungs_of(own.name) == (90, 7)
    assert configuration.rungs_of(common.name) == (60, 30)
    assert configuration.rungs_of(PolicyName("gone")) == (60, 30)
    assert configuration.rungs_of(None) == (60, 30)
    assert configuration.longest_rung == timedelta(days=90)
