"""The audit trail: in memory, and on Azurite."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError

from rotation.adapters.audit import AzureAuditTrail
from rotation.adapters.storage import StorageAccount
from rotation.domain.errors import Unavailable
from rotation.ports.audit import AuditTrail
from tests.contract.promises_audit import DAY, AuditPromises, lines
from tests.fakes.audit import MemoryAuditTrail
from tests.fakes.mishaps import Mishap


class TestMemoryAuditTrail(AuditPromises):
    @pytest.fixture
    def trail(self) -> AuditTrail:
        return MemoryAuditTrail()

    async def test_an_append_whose_answer_is_lost_went_through(self) -> None:
        trail = MemoryAuditTrail()
        trail.mishaps.plan("append", Mishap.LOST_AFTER)
        with pytest.raises(Unavailable):
            await trail.append(DAY, [b"1"])
        assert await lines(trail) == [b"1"]


@pytest.mark.sandbox
class TestAzureAuditTrail(AuditPromises):
    @pytest.fixture
    def container(self) -> str:
        return f"audit-{uuid4().hex}"

    @pytest.fixture
    async def trail(self, account: StorageAccount, container: str) -> AsyncIterator[AuditTrail]:
        async with AzureAuditTrail(account.blobs(), container=container) as trail:
            yield trail

    async def test_two_who_begin_a_day_at_once_lose_nothing(self, trail: AuditTrail) -> None:
        await asyncio.gather(*(trail.append(DAY, [str(number).encode()]) for number in range(8)))
        assert sorted(await lines(trail)) == [str(number).encode() for number in range(8)]

    async def test_it_is_a_blob_that_only_grows(
        self, trail: AuditTrail, account: StorageAccount, container: str
    ) -> None:
        await trail.append(DAY, [b"1"])
        async with account.blobs() as service:
            blob = service.get_blob_client(container, "2026/03/01.jsonl")
            assert (await blob.get_blob_properties()).blob_type == "AppendBlob"
            with pytest.raises(HttpResponseError):
                await blob.stage_block("MDAx", b"over it")
