"""The ledger that ends with the process keeps what tables promise; what loses one answer passes all else on."""

from datetime import timedelta

import pytest

from rotation.domain.errors import StaleRecord
from rotation.ports.tables import Delete, Insert, Query, Replace, Upsert
from rotation.workflows.rehearsing.losing import LosesFirstMint
from rotation.workflows.rehearsing.scratch import ScratchTables
from tests.fakes.world import World

TABLE, PARTITION = "rotations", "p"


async def test_changes_go_through_together_or_not_at_all() -> None:
    tables = ScratchTables()
    etags = await tables.commit(TABLE, PARTITION, [Insert(key="a", values={"n": 1}), Upsert(key="b", values={"n": 2})])
    for stale in (
        Insert(key="a", values={}),
        Replace(key="a", values={}, etag="other"),
        Replace(key="c", values={}, etag="1"),
        Delete(key="a", etag="other"),
    ):
        with pytest.raises(StaleRecord):
            await tables.commit(TABLE, PARTITION, [Upsert(key="b", values={"n": 3}), stale])
    assert [row.values["n"] async for row in tables.query(TABLE, Query(partition=PARTITION))] == [1, 2]
    await tables.commit(TABLE, PARTITION, [Delete(key="a", etag=etags["a"]), Delete(key="nothing")])
    assert await tables.get(TABLE, PARTITION, "a") is None


async def test_a_query_sees_its_partition_its_keys_and_what_is_due() -> None:
    tables, now = ScratchTables(), World().clock.now()
    for partition in ("p", "q"):
        rows = [Insert(key=f"k{number}", values={"at": now + timedelta(days=number)}) for number in range(4)]
        await tables.commit(TABLE, partition, rows)
    asked = Query(partition="p", first="k1", before="k3")
    assert [row.key async for row in tables.query(TABLE, asked)] == ["k1", "k2"]
    due = Query(due=("at", now + timedelta(days=1)))
    assert [(row.partition, row.key) async for row in tables.query(TABLE, due)] == [("p", "k0"), ("q", "k0")]


async def test_a_row_that_goes_while_a_query_runs_is_passed_over() -> None:
    tables = ScratchTables()
    await tables.commit(TABLE, PARTITION, [Insert(key="a", values={}), Insert(key="b", values={})])
    seen = []
    async for row in tables.query(TABLE, Query()):
        seen.append(row.key)
        await tables.commit(TABLE, PARTITION, [Delete(key="b")])
    assert seen == ["a"]


async def test_what_loses_the_first_mint_passes_all_other_questions_on() -> None:
    world = World()
    application = world.add_application()
    through, real = LosesFirstMint(world.directory), world.directory
    assert [page async for page in through.applications()] == [page async for page in real.applications()]
    assert [page async for page in through.certificates()] == [page async for page in real.certificates()]
    assert [page async for page in through.service_principals()] == [page async for page in real.service_principals()]
    assert await through.by_client_id(application.client_id) == await real.by_client_id(application.client_id)
    assert await through.is_deleted(application.object_id) is False
