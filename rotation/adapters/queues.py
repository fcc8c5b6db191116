"""Nudges through Azure Queue Storage (platform.md E): base64 as the Functions host reads them, without an end."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from rotation.adapters.azure_errors import answer, translated, translator
from rotation.adapters.closing import Closing
from rotation.domain.errors import NotFound, RotationError

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

NO_END = -1


class AzureQueues(Closing):
    """All queues of one storage account, opened when something is first sent; a queue that is missing is made then."""

    def __init__(self, open_service: "Callable[[], QueueServiceClient]") -> None:
        self._open_service = open_service
        self._service: QueueServiceClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._service is not None:
            await self._service.close()
            self._service = None

    async def send(self, queue: str, text: str, *, delay: timedelta = timedelta(0)) -> None:
        client = self._queue(queue)
        try:
            await self._send(client, text, delay)
        except NotFound:
            await answer(_make(client), translator(f"make queue {queue}", queue=queue))
            await self._send(client, text, delay)

    def _queue(self, name: str) -> "QueueClient":
        from azure.storage.queue import TextBase64EncodePolicy  # noqa: PLC0415  # loads with the first message

        self._service = self._service or self._open_service()
        return self._service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())

    async def _send(self, client: "QueueClient", text: str, delay: timedelta) -> None:
        def translate(error: AzureError) -> RotationError:
            if isinstance(error, ResourceNotFoundError):
                return NotFound(f"no queue {client.queue_name}")
            return translated(error, f"send to {client.queue_name}", queue=client.queue_name)

        seconds = max(0, round(delay.total_seconds()))
        await answer(client.send_message(text, visibility_timeout=seconds, time_to_live=NO_END), translate)


async def _make(client: "QueueClient") -> None:
    try:
        await client.create_queue()
    except ResourceExistsError:
        return
