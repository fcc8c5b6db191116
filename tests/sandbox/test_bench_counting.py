"""What the bench counts of storage: the emulator's own access log, told apart by service and kind."""

import time

import pytest
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from sandbox.storage import Azurite
from tests.bench.asked_of_services import HOSTS_OWN, Asked

pytestmark = pytest.mark.sandbox
WITHIN = 10.0


async def test_storage_requests_are_counted_by_service_and_kind() -> None:
    asked = Asked()
    asked.listening = True
    with Azurite(heard=asked.logged) as storage:
        text = storage.connection_string
        async with TableServiceClient.from_connection_string(text) as tables:
            table = await tables.create_table("rotations")
            await table.create_entity({"PartitionKey": "a", "RowKey": "a"})
            await table.upsert_entity({"PartitionKey": "a", "RowKey": "b"})
            await table.submit_transaction([("upsert", {"PartitionKey": "a", "RowKey": "c"})])
            assert len([row async for row in table.list_entities()]) == 3
        async with QueueServiceClient.from_connection_string(text) as queues:
            queue = await queues.create_queue("rotations")
            await queue.send_message("x")
            message = await queue.receive_message()
            assert message is not None
            await queue.delete_message(message)
        async with BlobServiceClient.from_connection_string(text) as blobs:
            container = await blobs.create_container("snapshots")
            await container.upload_blob("night", b"x")
        expected = {
            ("tables", "writes"): 4,
            ("tables", "reads"): 1,
            ("queues", "writes"): 1,
            ("queues", "messages sent"): 1,
            (HOSTS_OWN, "looks for messages"): 1,
            ("queues", "messages deleted or held"): 1,
            ("blobs", "writes"): 2,
        }
        until = time.monotonic() + WITHIN
        while asked.counts.total() < sum(expected.values()) and time.monotonic() < until:
            time.sleep(0.05)  # noqa: ASYNC251  # the log comes from a thread; nothing else runs here
    assert dict(asked.counts) == expected
