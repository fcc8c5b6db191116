"""Queues: in memory, and on Azurite."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from rotation.adapters.queues import AzureQueues
from rotation.adapters.storage import StorageAccount
from rotation.ports.queues import Queues
from tests.contract.promises_queues import QueuesPromises, Receive
from tests.fakes.clock import MovableClock
from tests.fakes.queues import MemoryQueues


class TestMemoryQueues(QueuesPromises):
    @pytest.fixture
    def queues(self) -> Queues:
        return MemoryQueues()

    @pytest.fixture
    def receive(self, queues: MemoryQueues) -> Receive:
        async def take(queue: str) -> list[str]:
            return [nudge.text for nudge in queues.take(queue)]

        return take

    async def test_a_delayed_one_is_seen_when_its_time_has_come(self) -> None:
        clock = MovableClock()
        queues = MemoryQueues(clock)
        await queues.send("q", "later", delay=timedelta(seconds=60))
        assert queues.take("q") == []
        clock.advance(timedelta(seconds=60))
        assert [nudge.text for nudge in queues.take("q")] == ["later"]
        assert queues.take("q") == []

    async def test_it_loses_or_repeats_where_told(self) -> None:
        losing, repeating = MemoryQueues(loses=True), MemoryQueues(times=2)
        for queues in (losing, repeating):
            await queues.send("q", "x")
            assert queues.texts("q") == ["x"]
        assert (len(losing.take()), len(repeating.take())) == (0, 2)


@pytest.mark.sandbox
class TestAzureQueues(QueuesPromises):
    @pytest.fixture
    async def queues(self, account: StorageAccount) -> AsyncIterator[Queues]:
        async with AzureQueues(account.queues) as queues:
            yield queues

    @pytest.fixture
    async def receive(self, account: StorageAccount) -> AsyncIterator[Receive]:
        service = account.queues()

        async def take(queue: str) -> list[str]:
            return [str(message.content) async for message in _decoded(service, queue).receive_messages()]

        async with service:
            yield take

    async def test_a_message_has_no_end(self, queues: Queues, account: StorageAccount, queue: str) -> None:
        await queues.send(queue, "x")
        async with account.queues() as service:
            [message] = [one async for one in _decoded(service, queue).receive_messages()]
        assert message.expires_on is not None
        assert message.expires_on.year == 9999


def _decoded(service: QueueServiceClient, queue: str) -> QueueClient:
    return service.get_queue_client(queue, message_decode_policy=TextBase64DecodePolicy())
