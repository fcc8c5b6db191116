"""Tables: in memory, and on Azurite."""

from collections.abc import AsyncIterator

import pytest
from azure.data.tables.aio import TableServiceClient

from rotation.adapters.storage import StorageAccount
from rotation.adapters.tables import AzureTables
from rotation.domain.errors import StaleRecord, Unavailable
from rotation.ports.tables import Insert, Tables, Upsert
from sandbox.storage import ACCOUNT, KEY, Azurite
from tests.contract.exceptions import assert_speaks_our_language
from tests.contract.promises_tables import TablesPromises
from tests.fakes.mishaps import Mishap
from tests.fakes.tables import MemoryTables


class TestMemoryTables(TablesPromises):
    @pytest.fixture
    def tables(self) -> Tables:
        return MemoryTables()

    async def test_a_lost_answer_may_have_had_its_effect(self) -> None:
        tables = MemoryTables()
        tables.mishaps.plan("commit", Mishap.LOST_AFTER, Mishap.LOST_BEFORE)
        for key in ("done", "not-done"):
            with pytest.raises(Unavailable):
                await tables.commit("t", "p", [Insert(key=key, values={})])
        assert [row.key for row in tables.all_rows("t")] == ["done"]

    async def test_the_answer_to_our_own_repeated_request_is_stale(self) -> None:
        tables = MemoryTables()
        tables.mishaps.plan("commit", Mishap.REPEATED)
        with pytest.raises(StaleRecord):
            await tables.commit("t", "p", [Insert(key="k", values={"token": "ours"})])
        assert [row.values for row in tables.all_rows("t")] == [{"token": "ours"}]


@pytest.mark.sandbox
class TestAzureTables(TablesPromises):
    @pytest.fixture
    async def tables(self, account: StorageAccount) -> AsyncIterator[Tables]:
        async with AzureTables(account.tables()) as tables:
            yield tables


@pytest.mark.sandbox
async def test_a_connection_string_does_as_well(azurite: Azurite) -> None:
    account = StorageAccount(connection_string=azurite.connection_string)
    async with AzureTables(account.tables()) as tables:
        await tables.commit("withaconnectionstring", "p", [Upsert(key="k", values={"a": 1})])
        row = await tables.get("withaconnectionstring", "p", "k")
    assert row is not None
    assert row.values == {"a": 1}


@pytest.mark.sandbox
async def test_an_etag_that_does_not_match_leaves_no_sdk_error_behind(account: StorageAccount) -> None:
    async with AzureTables(account.tables()) as tables:
        await tables.commit("stalechain", "p", [Upsert(key="k", values={})])
        with pytest.raises(StaleRecord) as caught:
            await tables.commit("stalechain", "p", [Insert(key="k", values={})])
    assert_speaks_our_language(caught.value)


@pytest.mark.sandbox
async def test_a_service_that_is_not_there_is_unavailable() -> None:
    text = f"AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint=http://127.0.0.1:9/{ACCOUNT};"
    client = TableServiceClient.from_connection_string(text, retry_total=0)
    async with AzureTables(client) as tables:
        with pytest.raises(Unavailable) as caught:
            await tables.get("t00", "p", "k")
    assert_speaks_our_language(caught.value)
