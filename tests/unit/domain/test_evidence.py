"""(a) to (d): what is there, what is missing, what cannot be had; the table of protocol.md as tests."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rotation.domain.delivery import (
    Acknowledged,
    Cancelled,
    Delivery,
    DeliveryPhase,
    Found,
    Level,
    Pending,
    Verdict,
    Verified,
)
from rotation.domain.evidence import (
    LEARNING,
    REPORT_LAG,
    Case,
    Source,
    Standing,
    Usage,
    complete,
    hopeless,
    outlasts,
    quiet_of,
    weigh,
)
from rotation.domain.identifiers import DestinationName, KeyId, LineName, ObjectId, RotationId, SecretVersion
from rotation.domain.policy import Retire, Terms
from rotation.domain.use import Use
from tests.fakes.clock import START
from tests.fakes.directory_state import make_key_id

DAY = timedelta(days=1)
OLD, NEW = make_key_id(1), make_key_id(2)
STORE, SECOND = DestinationName("store"), DestinationName("second")
NOW = START + 100 * DAY
PUBLISHED = NOW - 60 * DAY


def delivery(phase: DeliveryPhase) -> Delivery:
    return Delivery(
        rotation=RotationId(ObjectId("a"), "0" * 26),
        line=LineName("default"),
        destination=STORE,
        fingerprint="f",
        key_id=NEW,
        version=SecretVersion("v"),
        phase=phase,
        since=PUBLISHED,
        first_verified_at=PUBLISHED if isinstance(phase, Verified) else None,
    )


def verified(level: Level = Level.STORED, found: Found = Found.CURRENT) -> Delivery:
    return delivery(Verified(verdict=Verdict(found=found, level=level), at=PUBLISHED))


ACKNOWLEDGED = delivery(Acknowledged(by="berta", at=PUBLISHED, answers={}))


PROVED = {NEW: Use(shown={"report": PUBLISHED})}


def source(**more: object) -> Source:
    good = Source(name="report", sees=True, first_read_at=START, read_at=NOW)
    return replace(good, **more)  # type: ignore[arg-type]


def usage(*, uses: Mapping[KeyId, Use] = PROVED, **more: object) -> Usage:
    return Usage(sources=(source(**more),), uses=uses)


def case(**more: object) -> Case:
    good = Case(
        terms=Terms(overlap=7 * DAY),
        retire=Retire.EVIDENCE,
        readers=(),
        named={STORE: timedelta(0)},
        reaches={STORE: Level.STORED},
        deliveries={STORE: verified()},
        published_at=PUBLISHED,
        proven_at=PUBLISHED,
        successor=NEW,
        own_sign_ins=(PUBLISHED, PUBLISHED),
        usage=usage(),
        known_since={OLD: START, NEW: PUBLISHED},
    )
    return replace(good, **more)  # type: ignore[arg-type]


def standing(of: Case, letter: str, now: datetime = NOW) -> Standing:
    return next(point.standing for point in weigh(of, OLD, now) if point.letter == letter)


def test_all_four_there_is_complete() -> None:
    assert complete(weigh(case(), OLD, NOW))
    assert not hopeless(weigh(case(), OLD, NOW))


BLIND = usage(sees=False)
NO_SOURCE = Usage()
DEAD = usage(uses={})

TABLE = [
    ("nobody is known to use it", case(named={}, deliveries={}), "a", Standing.CANNOT_BE_HAD),
    ("a reader is somebody", case(named={}, deliveries={}, readers=("team",)), "a", Standing.THERE),
    ("not delivered", case(deliveries={}), "b", Standing.MISSING),
    ("waiting", case(deliveries={STORE: delivery(Pending())}), "b", Standing.MISSING),
    ("cancelled", case(deliveries={STORE: delivery(Cancelled(why="x", at=PUBLISHED))}), "b", Standing.MISSING),
    ("found something older", case(deliveries={STORE: verified(found=Found.OLDER)}), "b", Standing.MISSING),
    ("accepted by a store that cannot be read, no source",
     case(deliveries={STORE: verified(Level.ACCEPTED)}, reaches={STORE: Level.ACCEPTED}, usage=NO_SOURCE), "b", Standing.CANNOT_BE_HAD),
    ("the same, and usage may confirm it",
     case(deliveries={STORE: verified(Level.ACCEPTED)}, reaches={STORE: Level.ACCEPTED}), "b", Standing.MISSING),
    ("acknowledged", case(deliveries={STORE: ACKNOWLEDGED}, reaches={STORE: Level.ACCEPTED}), "b", Standing.MISSING),
    ("acknowledged, and the enrolment lets it stand",
     case(deliveries={STORE: ACKNOWLEDGED}, reaches={STORE: Level.ACCEPTED}, retire=Retire.AFTER_OVERLAP), "b", Standing.THERE),
    ("a second destination that is not verified", case(named={STORE: timedelta(0), SECOND: timedelta(0)},
     reaches={STORE: Level.STORED, SECOND: Level.STORED}), "b", Standing.MISSING),
    ("no source", case(usage=NO_SOURCE), "d", Standing.CANNOT_BE_HAD),
    ("no source, and the clock may stand", case(usage=NO_SOURCE, retire=Retire.AFTER_OVERLAP), "d", Standing.THERE),
    ("blind", case(usage=BLIND), "d", Standing.CANNOT_BE_HAD),
    ("not alive", case(usage=DEAD), "d", Standing.CANNOT_BE_HAD),
    ("not alive, six days after Proven", case(usage=DEAD, proven_at=NOW - 6 * DAY), "d", Standing.MISSING),
    ("not read for 48 hours", case(usage=usage(read_at=NOW - REPORT_LAG - DAY)), "d", Standing.MISSING),
]  # fmt: skip


@pytest.mark.parametrize(("of", "letter", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_table_of_evidence(of: Case, letter: str, expected: Standing) -> None:
    assert standing(of, letter) is expected


@given(days=some.integers(min_value=0, max_value=120))
def test_a_sighting_within_quiet_always_counts_whatever_the_source_is_worth(days: int) -> None:
    used = NOW - days * DAY
    for known in (usage(), BLIND, DEAD):
        seen = replace(known, uses={**known.uses, OLD: Use(last_used_at=used)})
        for retire in Retire:
            of = case(usage=seen, retire=retire)
            quiet = quiet_of(of, OLD, NOW, source=of.usage.sources[0])
            if used + quiet + REPORT_LAG > NOW:
                assert standing(of, "d") is Standing.MISSING
                assert not complete(weigh(of, OLD, NOW))
                assert not hopeless(weigh(of, OLD, NOW))


@given(gap=some.timedeltas(min_value=timedelta(0), max_value=80 * DAY), read_for=some.integers(0, 99))
def test_quiet_is_never_shorter_than_the_policy_the_longest_gap_or_learning(gap: timedelta, read_for: int) -> None:
    since = NOW - read_for * DAY
    of = case(usage=usage(first_read_at=since, uses={OLD: Use(last_used_at=START, longest_gap=gap)}))
    quiet = quiet_of(of, OLD, NOW, source=of.usage.sources[0])
    assert quiet >= max(Terms(overlap=7 * DAY).quiet_for, gap)
    if NOW - since < LEARNING:
        assert quiet >= LEARNING


@given(
    passed=some.timedeltas(min_value=timedelta(0), max_value=60 * DAY), settles=some.timedeltas(timedelta(0), 30 * DAY)
)
def test_the_overlap_window_is_the_longest_of_all_and_counts_from_the_last(
    passed: timedelta, settles: timedelta
) -> None:
    now = PUBLISHED + passed
    of = case(named={STORE: settles})
    assert (standing(of, "c", now) is Standing.THERE) is (passed >= max(7 * DAY, settles))


def test_the_canary_needs_no_silence() -> None:
    points = weigh(case(usage=NO_SOURCE, canary=True), OLD, NOW)
    assert [point.letter for point in points] == ["a", "b", "c"]
    assert complete(points)


LOG_BLIND = Source(name="log", sees=False, first_read_at=START, read_at=NOW)
LOG_ALIVE = {NEW: Use(shown={"log": PUBLISHED})}


def both(report: Source, log: Source, uses: Mapping[KeyId, Use]) -> Case:
    return case(usage=Usage(sources=(report, log), uses=uses))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (both(source(), LOG_BLIND, PROVED), Standing.THERE),
        (both(source(), replace(LOG_BLIND, sees=True), LOG_ALIVE), Standing.THERE),
        (both(source(), LOG_BLIND, LOG_ALIVE), Standing.CANNOT_BE_HAD),
        (both(source(read_at=None), LOG_BLIND, PROVED), Standing.MISSING),
        (both(source(read_at=None), replace(LOG_BLIND, sees=True), {NEW: Use(shown={"log": PUBLISHED, "report": PUBLISHED})}), Standing.THERE),
        (both(source(first_read_at=NOW), replace(LOG_BLIND, sees=True), LOG_ALIVE), Standing.THERE),
    ],
    ids=["one is blind", "one is not alive", "dead and blind", "not read, and blind", "one not read", "one is new"],
)  # fmt: skip
def test_silence_needs_one_source_that_is_alive_and_can_see(of: Case, expected: Standing) -> None:
    assert standing(of, "d") is expected


def test_a_sighting_of_any_source_keeps_the_old_key_whatever_another_tells() -> None:
    used = {**PROVED, OLD: Use(last_used_at=NOW - DAY, shown={"log": NOW - DAY}, origin="Graph from 203.0.113.7")}
    of = both(source(), LOG_BLIND, used)
    (point,) = [each for each in weigh(of, OLD, NOW) if each.letter == "d"]
    assert point.seen
    assert "Graph from 203.0.113.7" in point.why


def test_what_ends_before_its_silence_could_be_told_will_lapse() -> None:
    long = Terms(lifetime=180 * DAY, lead_time=60 * DAY, overlap=7 * DAY, quiet=35 * DAY)
    assert not outlasts(long)
    assert outlasts(replace(long, lead_time=43 * DAY))
    assert outlasts(replace(long, lifetime=90 * DAY)), "the lead time is at most a third of the lifetime"
    assert not outlasts(replace(long, lead_time=43 * DAY, retire=Retire.AFTER_OVERLAP))
