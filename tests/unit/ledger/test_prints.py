"""A night believes what is written down of a week only where nobody died, and nobody else wrote, since it was."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.errors import Unavailable
from rotation.ledger import expiries, keys, prints
from rotation.ledger.expiries import ROWS_READ_EVERY, Expiry, ExpiryChanges, put
from rotation.ledger.prints import WeekPrints
from rotation.ports.tables import Delete, Tables, Upsert, Value
from tests.fakes.crashing import Crash, CrashPlan, crashing
from tests.fakes.mishaps import Mishap
from tests.fakes.tables import MemoryTables
from tests.unit.ledger.test_expiries import FIRST, SECRET, expiry, held

NIGHT = timedelta(days=1)


async def night(tables: Tables, *wanted: Expiry, now: datetime = FIRST, complete: bool = True) -> ExpiryChanges:
    changes = await ExpiryChanges.begin(tables, SECRET, now=now)
    for each in wanted:
        await changes.want(each)
    await changes.finish(complete=complete)
    return changes


async def told(tables: Tables) -> dict[str, frozenset[int]]:
    """Give what is written down of each sealed week."""
    return {week: frozenset(there) for week, there in (await WeekPrints.read(tables, "secret")).sealed.items()}


async def true(tables: Tables) -> dict[str, frozenset[int]]:
    """Give what the rows themselves say."""
    read = await ExpiryChanges.begin(tables, SECRET, now=datetime.max.replace(tzinfo=UTC))
    return {week: frozenset(rows.there) for week, rows in read._weeks.items()}


async def heard(tables: MemoryTables, *wanted: Expiry, now: datetime = FIRST) -> list[tuple[str, str]]:
    """Give what a night asks of the tables."""
    calls: list[tuple[str, str]] = []

    def hear(call: str, arguments: Sequence[object]) -> None:
        calls.append((call.rpartition(".")[2], str(arguments[0])))

    await night(crashing(tables, CrashPlan(), hear), *wanted, now=now)
    return calls


# ---- what it is for


async def test_a_quiet_night_reads_no_row_and_writes_one() -> None:
    tables, wanted = MemoryTables(), [expiry(number, week=number % 5) for number in range(250)]
    await night(tables, *wanted)
    assert await heard(tables, *wanted, now=FIRST + NIGHT) == [
        ("query", keys.CONTROL),
        ("get", keys.CONTROL),
        ("commit", keys.CONTROL),
    ]


async def test_a_week_later_the_rows_themselves_are_read_and_what_a_hand_did_is_mended() -> None:
    tables, wanted = MemoryTables(), [expiry(1), expiry(2), expiry(3, week=1)]
    await night(tables, *wanted)
    gone, stray = wanted[0], expiry(9)
    row = Upsert(key=stray.key, values=expiries._values(stray, expiries._print_of(stray)))
    await tables.commit(keys.EXPIRIES, gone.partition, [Delete(key=gone.key), row])
    await night(tables, *wanted, now=FIRST + ROWS_READ_EVERY - NIGHT)
    assert await held(tables) == {wanted[1], wanted[2], stray}, "nobody looked"
    await night(tables, *wanted, now=FIRST + ROWS_READ_EVERY)
    assert await held(tables) == set(wanted)
    assert await told(tables) == await true(tables)
    assert ("query", keys.EXPIRIES) not in await heard(tables, *wanted, now=FIRST + ROWS_READ_EVERY + NIGHT)


async def test_only_the_weeks_that_changed_are_read_and_written() -> None:
    tables, wanted = MemoryTables(), [expiry(number, week=number % 5) for number in range(50)]
    await night(tables, *wanted)
    before = len(tables.commits)
    changes = await night(tables, *[replace(wanted[0], application="renamed"), *wanted[1:]], now=FIRST + NIGHT)
    assert (changes.written, changes.deleted) == (1, 0)
    week = wanted[0].partition
    assert [(table, partition) for table, partition, _changes in tables.commits[before:]] == [
        (keys.CONTROL, keys.prints("secret")),
        (keys.EXPIRIES, week),
        (keys.CONTROL, keys.prints("secret")),
        (keys.CONTROL, keys.CONTROL),
    ]
    assert await told(tables) == await true(tables)


async def test_a_program_that_keeps_no_prints_was_here_meanwhile() -> None:
    """A rollback, and back: the row of each day's ends is without the time then."""
    tables, wanted = MemoryTables(), [expiry(1), expiry(2)]
    await night(tables, *wanted)
    await tables.commit(keys.EXPIRIES, wanted[0].partition, [Delete(key=wanted[0].key)])
    await tables.commit(keys.CONTROL, keys.CONTROL, [Upsert(key=keys.ends("secret"), values=expiries.ENDS.columns({}))])
    await night(tables, *wanted, now=FIRST + NIGHT)
    assert await held(tables) == set(wanted)


@pytest.mark.parametrize("columns", [{"prints_0": "no base64!"}, {"prints_0": "AAAA"}, {"sealed": "otherwise"}])
async def test_what_cannot_be_read_of_a_week_is_not_believed(columns: Mapping[str, Value]) -> None:
    """Spoilt by a hand, or written by a newer program."""
    tables, wanted = MemoryTables(), [expiry(1), expiry(2), expiry(3, week=1)]
    await night(tables, *wanted)
    await tables.commit(keys.CONTROL, keys.prints("secret"), [Upsert(key=wanted[0].partition, values=columns)])
    changes = await night(tables, *wanted, now=FIRST + NIGHT)
    assert (changes.written, changes.deleted) == (0, 0)
    assert await told(tables) == await true(tables)


async def test_a_clock_that_went_back_reads_the_rows() -> None:
    tables = MemoryTables()
    await night(tables, expiry(1))
    assert ("query", keys.EXPIRIES) in await heard(tables, expiry(1), now=FIRST - NIGHT)


async def test_a_week_of_very_many_ends_is_told_in_several_columns_or_read_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables, wanted = MemoryTables(), [expiry(number) for number in range(6_000)]
    await night(tables, *wanted)
    row = tables.now(keys.CONTROL, keys.prints("secret"), wanted[0].partition)
    assert row is not None
    assert set(row.values) == {"prints_0", "prints_1"}
    assert await told(tables) == await true(tables)
    monkeypatch.setattr(prints, "MOST", 5_999)
    await night(tables, *wanted, expiry(7_000), now=FIRST + NIGHT)
    assert await told(tables) == {}
    assert ("query", keys.EXPIRIES) in await heard(tables, *wanted, expiry(7_000), now=FIRST + 2 * NIGHT)
    assert await held(tables) == {*wanted, expiry(7_000)}


async def test_a_week_that_holds_more_than_its_row_tells_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed when it held less, and a hand has added rows that this pass wants too: nothing of it is changed."""
    tables, wanted = MemoryTables(), [expiry(1), expiry(2)]
    await night(tables, wanted[0])
    row = Upsert(key=wanted[1].key, values=expiries._values(wanted[1], expiries._print_of(wanted[1])))
    await tables.commit(keys.EXPIRIES, wanted[1].partition, [row])
    monkeypatch.setattr(prints, "MOST", 1)
    await night(tables, *wanted, now=FIRST + ROWS_READ_EVERY)
    assert await told(tables) == {}


async def test_the_last_row_of_a_week_takes_its_prints_with_it() -> None:
    tables = MemoryTables()
    await night(tables, expiry(1), expiry(2, week=1))
    await night(tables, expiry(2, week=1), now=FIRST + NIGHT)
    assert [row.key for row in tables.all_rows(keys.CONTROL) if row.partition == keys.prints("secret")] == [
        expiry(2, week=1).partition
    ]


async def test_an_application_that_two_pages_tell_of_is_written_once() -> None:
    tables = MemoryTables()
    changes = await night(tables, expiry(1), expiry(2), expiry(1), replace(expiry(2), application="renamed"))
    assert await held(tables) == {expiry(1), replace(expiry(2), application="renamed")}
    assert changes.deleted == 0
    wanted = [expiry(1), replace(expiry(2), application="renamed")]
    await night(tables, *wanted, now=FIRST + NIGHT)
    assert await told(tables) == await true(tables)
    assert ("query", keys.EXPIRIES) not in await heard(tables, *wanted, *wanted, now=FIRST + 2 * NIGHT)


# ---- who dies, and who else writes

rows = st.dictionaries(
    st.integers(0, 6), st.tuples(st.integers(0, 2), st.sampled_from(["job", "other"])), max_size=6
).map(lambda found: [expiry(number, week=week, name=name) for number, (week, name) in found.items()])


@dataclass(frozen=True)
class Event:
    """One night, however it ends, and what a rotation wrote after it."""

    wanted: Sequence[Expiry]
    dies_at: int | None
    complete: bool
    published: Expiry | None


events = st.lists(
    st.builds(
        Event,
        rows,
        st.none() | st.integers(0, 24),
        st.booleans(),
        st.none() | st.builds(expiry, st.integers(0, 6), week=st.integers(0, 2)),
    ),
    max_size=5,
)


@given(events, rows, st.booleans())
async def test_whatever_dies_the_next_complete_night_leaves_what_it_wants(
    before: list[Event], last: list[Expiry], again: bool
) -> None:
    tables, other, now = MemoryTables(page_size=3), expiry(99, kind="certificate"), FIRST
    await put(tables, other)
    for event in before:
        plan = CrashPlan() if event.dies_at is None else CrashPlan(event.dies_at)
        with suppress(Crash):
            await night(crashing(tables, plan), *event.wanted, now=now, complete=event.complete)
        await _nothing_wrong_is_believed(tables)
        if event.published:
            await put(tables, event.published)
            await _nothing_wrong_is_believed(tables)
        now += NIGHT
    if again:
        await night(tables, *last, now=now)
    await night(tables, *last, now=now)
    assert await held(tables) == {*last, other}
    assert await told(tables) == await true(tables)
    assert ("query", keys.EXPIRIES) not in await heard(tables, *last, now=now)


async def _nothing_wrong_is_believed(tables: Tables) -> None:
    """Of a sealed week, exactly its rows are written down."""
    rows = await true(tables)
    wrong = {week: known for week, known in (await told(tables)).items() if known != rows.get(week, frozenset())}
    assert wrong == {}


@pytest.mark.parametrize("answer", [Mishap.LOST_AFTER, Mishap.REPEATED])
@pytest.mark.parametrize("number", range(8))
async def test_an_answer_that_was_lost_leaves_the_week_open_or_told_rightly(answer: Mishap, number: int) -> None:
    tables, before = MemoryTables(), [expiry(1), expiry(2, week=1)]
    await night(tables, *before)
    after = [expiry(1, name="renamed"), expiry(3, week=2)]
    tables.mishaps.plan("commit", *[None] * number, answer)
    with suppress(Unavailable):
        await night(tables, *after, now=FIRST + NIGHT)
    await _nothing_wrong_is_believed(tables)
    await night(tables, *after, now=FIRST + NIGHT)
    assert await held(tables) == set(after)


@pytest.mark.parametrize("stays", [True, False])
async def test_a_rotation_publishes_while_a_pass_is_under_way(stays: bool) -> None:
    tables, wanted = MemoryTables(), [expiry(1), expiry(2)]
    await night(tables, *wanted)
    changes = await ExpiryChanges.begin(tables, SECRET, now=FIRST + NIGHT)
    for each in [*wanted, expiry(3)]:
        await changes.want(each)
    await put(tables, expiry(4))
    await changes.finish(complete=True)
    await _nothing_wrong_is_believed(tables)
    last = [*wanted, expiry(3)] + ([expiry(4)] if stays else [])
    await night(tables, *last, now=FIRST + 2 * NIGHT)
    assert await held(tables) == set(last)


@pytest.mark.parametrize("late_finishes_last", [True, False])
async def test_a_pass_that_lost_its_lease_goes_on_beside_the_next(late_finishes_last: bool) -> None:
    tables, wanted = MemoryTables(), [expiry(number, week=number % 2) for number in range(6)]
    await night(tables, *wanted)
    late = await ExpiryChanges.begin(tables, SECRET, now=FIRST + NIGHT)
    await late.want(expiry(0, name="late"))
    fresh = await ExpiryChanges.begin(tables, SECRET, now=FIRST + NIGHT)
    for each in wanted[1:]:
        await fresh.want(each)
    await fresh.want(expiry(7))
    for one in (fresh, late) if late_finishes_last else (late, fresh):
        await one.finish(complete=True)
        await _nothing_wrong_is_believed(tables)
    last = [*wanted[1:], expiry(7)]
    await night(tables, *last, now=FIRST + 2 * NIGHT)
    await night(tables, *last, now=FIRST + 2 * NIGHT)
    assert await held(tables) == set(last)
    assert await told(tables) == await true(tables)
