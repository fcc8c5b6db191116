"""Every record is read back as it was written, whatever stands in it; what is not ours says so."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from rotation.adapters.table_limits import check_changes, check_key
from rotation.domain.brakes import Breaker, Night, Pause, RampCount
from rotation.domain.delivery import Delivery
from rotation.domain.errors import BrokenInvariant
from rotation.domain.holding import Holding
from rotation.domain.identifiers import ObjectId
from rotation.domain.line import Line
from rotation.domain.rotation import Rotation
from rotation.domain.use import Use
from rotation.ledger import keys
from rotation.ledger.codec import COLUMN_LIMIT, VERSION, Codec
from rotation.ledger.expiries import Expiry
from rotation.ledger.lines import IndexedLine
from rotation.ledger.notices import Notice, OutboxEntry
from rotation.ledger.scans import ScanRecord, ulid_time
from rotation.ports.tables import Upsert
from tests.fakes.clock import MovableClock, SequentialUlids

KINDS: list[Any] = [
    Line, Rotation, Delivery, Holding, Use, IndexedLine, Notice, OutboxEntry, ScanRecord, Expiry, Breaker, Pause,
    RampCount, Night,
]  # fmt: skip
readable = some.text(alphabet=some.characters(codec="utf-8"))
some.register_type_strategy(datetime, some.datetimes(timezones=some.just(UTC)))
some.register_type_strategy(str, readable)
some.register_type_strategy(Mapping, lambda kind: some.dictionaries(*map(some.from_type, get_args(kind)), max_size=3))
some.register_type_strategy(Sequence, lambda kind: some.lists(some.from_type(get_args(kind)[0]), max_size=3))
some.register_type_strategy(float, some.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_is_read_back_as_it_was_written(kind: Any) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(record=some.from_type(kind))
    def holds(record: Any) -> None:
        codec: Codec[Any] = Codec(kind)
        columns = codec.columns(record)
        assert columns.pop(VERSION) == codec.version
        assert all(isinstance(text, str) and len(text) <= COLUMN_LIMIT for text in columns.values())
        again = codec.record(columns)
        assert codec.columns(again) == {VERSION: 1, **columns}
        assert again == record or kind in {Notice, OutboxEntry}, "a message's items may come back as a list"

    holds()


def test_a_long_record_goes_over_several_columns_and_comes_back_whole() -> None:
    codec: Codec[Pause] = Codec(Pause)
    pause = Pause(by="anna", reason="ä" * 100_000, since=datetime(2026, 3, 2, tzinfo=UTC))
    columns = codec.columns(pause)
    assert len(columns) > 3
    check_changes("p", [Upsert(key="k", values=columns)])
    assert codec.record(columns) == pause


@pytest.mark.parametrize("columns", [{}, {"state": ""}, {"state": "{"}, {"state": '{"by": 1}'}])
def test_what_is_not_ours_is_told_and_not_guessed(columns: dict[str, str]) -> None:
    with pytest.raises(BrokenInvariant) as broken:
        Codec(Pause).record(columns)
    assert broken.value.reason == "unreadable-row"


@given(text=readable)
def test_foreign_text_makes_a_key_that_the_service_takes(text: str) -> None:
    key = keys.foreign(text)
    assert len(key) <= 200
    check_key(key or "x")


def test_live_rows_sort_before_history() -> None:
    event = keys.event(datetime(2026, 3, 2, tzinfo=UTC), "0" * 26)
    live = [keys.LEASE, keys.line("x"), keys.rotation("0" * 26), keys.outbox("0" * 26, "1")]  # type: ignore[arg-type]
    assert all(key.startswith(keys.LIVE) and key < event for key in live)


def test_a_ulid_tells_when_it_was_made() -> None:
    clock = MovableClock()
    made = ulid_time(SequentialUlids(clock).make())
    assert abs((made - clock.now()).total_seconds()) < 0.001


def test_lines_and_wakes_are_spread_over_sixteen_partitions() -> None:
    assert {keys.shard(ObjectId(f"{digit:x}0000000")) for digit in range(16)} == set("0123456789abcdef")
