"""Nudges through Azure Queue Storage (platform.md E): base64 as the Functions host reads them, without an end."""

from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from rotation.adapters.azure_errors import answer, translated, translator
from rotation.adapters.closing import Closing
from rotation.domain.errors import NotFound, RotationError

NO_END = -1


class AzureQueues(Closing):
    """All queues of one storage account; a queue is made when it is first sent to."""

    def __init__(self, client: QueueServiceClient) -> None:
        self._client = client

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def send(self, queue: str, text: str, *, delay: timedelta = timedelta(0)) -> None:
        client = self._client.get_queue_client(queue, message_encode_policy=TextBase64EncodePolicy())
        try:
            await self._send(client, text, delay)
        except NotFound:
            await answer(_make(client), translator(f"make queue {queue}", queue=queue))
            await self._send(client, text, delay)

    async def _send(self, client: QueueClient, text: str, delay: timedelta) -> None:
        def translate(error: AzureError) -> RotationError:
            if isinstance(error, ResourceNotFoundError):
                return NotFound(f"no queue {client.queue_name}")
            return translated(error, f"send to {client.queue_name}", queue=client.queue_name)

        seconds = max(0, round(delay.total_seconds()))
        await answer(client.send_message(text, visibility_timeout=seconds, time_to_live=NO_END), translate)


async def _make(client: QueueClient) -> None:
    try:
        await client.create_queue()
    except ResourceExistsError:
        return
