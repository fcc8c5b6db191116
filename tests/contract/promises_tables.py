"""What Tables promises."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from rotation.domain.errors import StaleRecord
from rotation.ports.tables import Change, Delete, Insert, Query, Replace, Row, Tables, Upsert, Value, prefix

NOW = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)


async def rows(tables: Tables, table: str, query: Query) -> list[Row]:
    return [row async for row in tables.query(table, query)]


async def keys(tables: Tables, table: str, query: Query) -> list[str]:
    return [row.key for row in await rows(tables, table, query)]


class TablesPromises:
    @pytest.fixture
    def table(self) -> str:
        """A table that was never used."""
        return f"t{uuid4().hex}"

    async def test_a_table_that_was_never_written_is_empty(self, tables: Tables, table: str) -> None:
        assert await tables.get(table, "p", "k") is None
        assert await rows(tables, table, Query()) == []
        assert await tables.commit(table, "p", [Delete(key="k")]) == {}

    async def test_what_was_inserted_is_read_with_its_etag(self, tables: Tables, table: str) -> None:
        etags = await tables.commit(table, "p", [Insert(key="k", values={"a": 1})])
        row = await tables.get(table, "p", "k")
        assert row == Row(partition="p", key="k", values={"a": 1}, etag=etags["k"])
        assert row.etag

    async def test_values_come_back_as_they_went(self, tables: Tables, table: str) -> None:
        values: dict[str, Value] = {
            "text": "grüße 名前 'quoted' \n",
            "empty": "",
            "small": -5,
            "large": 2**40,
            "negative": -(2**40),
            "edge": 2**31,
            "yes": True,
            "no": False,
            "share": 0.25,
            "whole": 3.0,
            "at": NOW,
            "round": NOW.replace(microsecond=0),
        }
        await tables.commit(table, "p", [Insert(key="k", values=values)])
        row = await tables.get(table, "p", "k")
        assert row is not None
        assert row.values == values
        assert {name: type(value) for name, value in row.values.items()} == {n: type(v) for n, v in values.items()}

    async def test_instants_come_back_in_utc(self, tables: Tables, table: str) -> None:
        local = NOW.astimezone(timezone(timedelta(hours=5)))
        await tables.commit(table, "p", [Insert(key="k", values={"at": local})])
        row = await tables.get(table, "p", "k")
        assert row is not None
        at = row.values["at"]
        assert isinstance(at, datetime)
        assert (at, at.utcoffset()) == (NOW, timedelta(0))

    async def test_insert_meets_a_row(self, tables: Tables, table: str) -> None:
        await tables.commit(table, "p", [Insert(key="k", values={"a": 1})])
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", [Insert(key="k", values={"a": 2})])

    async def test_replace_wants_the_etag(self, tables: Tables, table: str) -> None:
        first = (await tables.commit(table, "p", [Insert(key="k", values={"a": 1, "b": 1})]))["k"]
        second = (await tables.commit(table, "p", [Replace(key="k", values={"a": 2}, etag=first)]))["k"]
        assert first != second
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", [Replace(key="k", values={"a": 3}, etag=first)])
        row = await tables.get(table, "p", "k")
        assert row is not None
        assert (row.values, row.etag) == ({"a": 2}, second)

    async def test_replace_of_nothing_is_stale(self, tables: Tables, table: str) -> None:
        etag = (await tables.commit(table, "p", [Insert(key="k", values={})]))["k"]
        await tables.commit(table, "p", [Delete(key="k", etag=etag)])
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", [Replace(key="k", values={}, etag=etag)])

    async def test_upsert_replaces_whole_rows(self, tables: Tables, table: str) -> None:
        await tables.commit(table, "p", [Upsert(key="k", values={"a": 1, "b": 1})])
        await tables.commit(table, "p", [Upsert(key="k", values={"a": 2})])
        row = await tables.get(table, "p", "k")
        assert row is not None
        assert row.values == {"a": 2}

    async def test_delete_wants_the_etag_where_one_is_given(self, tables: Tables, table: str) -> None:
        old = (await tables.commit(table, "p", [Insert(key="k", values={})]))["k"]
        new = (await tables.commit(table, "p", [Replace(key="k", values={}, etag=old)]))["k"]
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", [Delete(key="k", etag=old)])
        assert await tables.commit(table, "p", [Delete(key="k", etag=new)]) == {}
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", [Delete(key="k", etag=new)])

    async def test_delete_without_etag_does_not_mind_a_missing_row(self, tables: Tables, table: str) -> None:
        await tables.commit(table, "p", [Upsert(key="there", values={})])
        changes: list[Change] = [
            Delete(key="gone"),
            Upsert(key="k", values={"a": 1}),
            Delete(key="too"),
            Delete(key="there"),
        ]
        etags = await tables.commit(table, "p", changes)
        assert list(etags) == ["k"]
        assert await keys(tables, table, Query(partition="p")) == ["k"]

    async def test_all_changes_or_none(self, tables: Tables, table: str) -> None:
        old = (await tables.commit(table, "p", [Insert(key="taken", values={"a": 1})]))["taken"]
        await tables.commit(table, "p", [Replace(key="taken", values={"a": 2}, etag=old)])
        changes: list[Change] = [
            Insert(key="new", values={}),
            Delete(key="other"),
            Replace(key="taken", values={}, etag=old),
        ]
        with pytest.raises(StaleRecord):
            await tables.commit(table, "p", changes)
        [row] = await rows(tables, table, Query(partition="p"))
        assert (row.key, row.values) == ("taken", {"a": 2})

    async def test_a_transaction_holds_a_hundred(self, tables: Tables, table: str) -> None:
        etags = await tables.commit(table, "p", [Insert(key=f"{n:03d}", values={"n": n}) for n in range(100)])
        assert len(etags) == 100
        with pytest.raises(ValueError, match="100 changes"):
            await tables.commit(table, "p", [Upsert(key=f"{n:03d}", values={}) for n in range(101)])

    async def test_rows_come_in_order_over_pages(self, tables: Tables, table: str) -> None:
        for start in range(0, 1200, 100):
            changes = [Insert(key=f"{n:05d}", values={"n": n}) for n in reversed(range(start, start + 100))]
            await tables.commit(table, "p" if start < 600 else "o", changes)
        found = [(row.partition, row.key) async for row in tables.query(table, Query())]
        assert len(found) == 1200
        assert found == sorted(found)

    async def test_ranges_prefixes_and_partitions(self, tables: Tables, table: str) -> None:
        for partition in ("p", "q"):
            some = ["a|lease", "a|line|x", "a|line|y", "a|lineage", "z|event|1"]
            await tables.commit(table, partition, [Insert(key=key, values={}) for key in some])
        assert await keys(tables, table, prefix("p", "a|line|")) == ["a|line|x", "a|line|y"]
        assert await keys(tables, table, prefix(None, "a|line|")) == ["a|line|x", "a|line|y"] * 2
        assert await keys(tables, table, Query(partition="q", first="a|lineage")) == [
            "a|lineage",
            "a|line|x",
            "a|line|y",
            "z|event|1",
        ]
        assert await keys(tables, table, Query(partition="q", before="a|line|x")) == ["a|lease", "a|lineage"]

    async def test_partitions_are_read_from_the_first_up_to_before_the_last(self, tables: Tables, table: str) -> None:
        for partition in ("2026-W09", "2026-W10", "2026-W11", "2026-W12"):
            await tables.commit(table, partition, [Insert(key="k", values={})])
        found = await rows(tables, table, Query(partitions=("2026-W10", "2026-W12")))
        assert [row.partition for row in found] == ["2026-W10", "2026-W11"]
        assert await rows(tables, table, Query(partitions=("2026-W10", "2026-W12"), first="l")) == []

    async def test_due_is_strictly_before(self, tables: Tables, table: str) -> None:
        # Azurite compares instants by the millisecond; the service does by 100 nanoseconds.
        times = {"early": NOW - timedelta(milliseconds=1), "now": NOW, "late": NOW + timedelta(days=1)}
        await tables.commit(table, "p", [Insert(key=key, values={"look_at": at}) for key, at in times.items()])
        await tables.commit(table, "p", [Insert(key="without", values={"other": NOW})])
        assert await keys(tables, table, Query(due=("look_at", NOW))) == ["early"]

    async def test_only_the_columns_asked_for(self, tables: Tables, table: str) -> None:
        await tables.commit(table, "p", [Insert(key="k", values={"a": 1, "b": "x", "c": NOW})])
        [row] = await rows(tables, table, Query(columns=("a", "c", "missing")))
        whole = await tables.get(table, "p", "k")
        assert whole is not None
        assert (row.partition, row.key, row.values, row.etag) == ("p", "k", {"a": 1, "c": NOW}, whole.etag)

    async def test_quotes_in_keys_and_filters(self, tables: Tables, table: str) -> None:
        await tables.commit(table, "o'hara", [Insert(key="it's|=2F%", values={"a": 1})])
        assert await tables.get(table, "o'hara", "it's|=2F%") is not None
        assert await keys(tables, table, Query(partition="o'hara", first="it's")) == ["it's|=2F%"]

    @pytest.mark.parametrize("key", ["a/b", "a\\b", "a#b", "a?b", "a\tb", "a\x85b", "x" * 1025])
    async def test_keys_that_the_service_refuses(self, tables: Tables, table: str, key: str) -> None:
        with pytest.raises(ValueError, match="key"):
            await tables.commit(table, "p", [Insert(key=key, values={})])
        with pytest.raises(ValueError, match="key"):
            await tables.commit(table, key, [Insert(key="k", values={})])
        with pytest.raises(ValueError, match="key"):
            await tables.get(table, "p", key)

    async def test_one_change_a_row(self, tables: Tables, table: str) -> None:
        with pytest.raises(ValueError, match="once"):
            await tables.commit(table, "p", [Upsert(key="k", values={}), Delete(key="k")])

    @pytest.mark.parametrize(
        "values",
        [
            {"text": "x" * 32_769},
            {"text": "😀" * 16_385},
            {f"c{n}": n for n in range(253)},
            {f"c{n}": "x" * 32_000 for n in range(17)},
            {"at": NOW.replace(tzinfo=None)},
            {"none": None},
            {"huge": 2**63},
            {"RowKey": "x"},
            {"bad-name": 1},
        ],
        ids=["long", "surrogates", "columns", "entity", "naive", "none", "65-bit", "system", "name"],
    )
    async def test_values_that_the_service_refuses(self, tables: Tables, table: str, values: dict[str, Value]) -> None:
        with pytest.raises(ValueError, match="k: "):
            await tables.commit(table, "p", [Insert(key="k", values=values)])
        assert await tables.get(table, "p", "k") is None

    async def test_values_at_the_limits_are_taken(self, tables: Tables, table: str) -> None:
        values: dict[str, Value] = {**{f"c{n}": n for n in range(251)}, "text": "x" * 32_768}
        await tables.commit(table, "p", [Insert(key="k" * 255, values=values)])
        row = await tables.get(table, "p", "k" * 255)
        assert row is not None
        assert row.values == values
