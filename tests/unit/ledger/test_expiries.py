"""What a pass changes in `expiries`: no more than differs, whatever changed, went, or was there for another pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.identifiers import KeyId
from rotation.ledger import keys
from rotation.ledger.expiries import Expiry, ExpiryChanges, all_expiries, put
from rotation.ports.tables import Tables
from tests.fakes.tables import MemoryTables

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = frozenset({"secret"})


def expiry(number: int, *, week: int = 0, name: str = "job", kind: str = "secret") -> Expiry:
    return Expiry(
        object_id=f"object-{number}",
        client_id="client",
        key_id=KeyId(f"key-{number}"),
        application=name,
        kind=kind,
        end_at=FIRST + timedelta(weeks=week),
    )


async def night(tables: Tables, *wanted: Expiry, complete: bool = True) -> tuple[int, int]:
    changes = await ExpiryChanges.begin(tables, SECRET, now=FIRST)
    for each in wanted:
        await changes.want(each)
    await changes.finish(complete=complete)
    return changes.written, changes.deleted


async def held(tables: Tables) -> set[Expiry]:
    return {each async for each in all_expiries(tables)}


rows = st.dictionaries(
    st.integers(0, 8), st.tuples(st.integers(0, 2), st.sampled_from(["job", "other"])), max_size=8
).map(lambda found: [expiry(number, week=week, name=name) for number, (week, name) in found.items()])


@given(rows, rows)
async def test_the_second_night_leaves_what_it_wants_and_writes_no_more_than_differs(
    before: list[Expiry], after: list[Expiry]
) -> None:
    tables = MemoryTables()
    other = expiry(99, kind="certificate")
    await put(tables, other)
    await night(tables, *before)
    written, deleted = await night(tables, *after)
    assert await held(tables) == {*after, other}
    assert written == len(set(after) - set(before))
    places = {(each.partition, each.key) for each in after}
    assert deleted == len({(each.partition, each.key) for each in before} - places)


async def test_an_incomplete_pass_deletes_nothing() -> None:
    tables = MemoryTables()
    await night(tables, expiry(1), expiry(2))
    assert await night(tables, expiry(1), complete=False) == (0, 0)
    assert await held(tables) == {expiry(1), expiry(2)}


async def test_more_than_a_transaction_of_one_week() -> None:
    tables = MemoryTables()
    many = [expiry(number) for number in range(250)]
    await night(tables, *many)
    assert [len(changes) for table, _partition, changes in tables.commits if table == keys.EXPIRIES] == [100, 100, 50]
    renamed = [replace(each, application="renamed") for each in many[:120]]
    assert await night(tables, *renamed) == (120, 130)
    assert await held(tables) == set(renamed)
