"""Poll one queue and run its function, as Azure's queue listener does (platform.md D2)."""

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.eager import begin
from sandbox.host.functions import Function
from sandbox.host.host_json import Queues
from sandbox.host.queue_message import Delivery, MessageDesk

_LOG = logging.getLogger("sandbox.host")
_GROWTH = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Poll `shortest` after a hit and back off to `longest` while the queue is empty (seconds)."""

    shortest: float
    longest: float

    def after_empty(self, previous: float) -> float:
        """Return a randomised longer pause."""
        return min(previous * _GROWTH * random.uniform(0.8, 1.2), self.longest)


class QueueListener:
    """Keep up to batchSize + newBatchThreshold messages of one queue under way."""

    def __init__(
        self, function: Function, *, queue: QueueClient, desk: MessageDesk, limits: Queues, pace: Pace
    ) -> None:
        self._function = function
        self._queue = queue
        self._desk = desk
        self._limits = limits
        self._pace = pace
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Start and return the task that lives as long as the listener."""
        self._task = asyncio.create_task(self._poll(), name=f"queue {self._function.name}")
        return self._task

    async def stop(self) -> None:
        """Fetch no more and wait for the messages under way."""
        self._stopping.set()
        if self._task:
            await self._task
        await asyncio.gather(*self._under_way)

    async def _poll(self) -> None:
        pause = self._pace.shortest
        while not self._stopping.is_set():
            messages = await self._fetch()
            for message in messages:
                self._take(message)
            pause = self._pace.shortest if messages else self._pace.after_empty(pause)
            if not messages:
                await self._rest(pause)
            await self._wait_for_room()

    async def _fetch(self) -> list[Any]:
        pages = self._queue.receive_messages(
            messages_per_page=self._limits.batch_size, visibility_timeout=self._desk.visibility_seconds
        ).by_page()
        try:
            # One page is one GET: Azure's listener takes at most a batch at a time.
            return [message async for message in await anext(pages)]
        except (StopAsyncIteration, ResourceNotFoundError):
            return []
        except AzureError as error:
            _LOG.warning("Queue %s: cannot fetch: %s", self._queue.queue_name, error)
            return []

    def _take(self, message: Any) -> None:
        task = begin(self._desk.handle(Delivery(self._function, self._queue, message)))
        if not task.done():
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _wait_for_room(self) -> None:
        while len(self._under_way) > self._limits.threshold and not self._stopping.is_set():
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait({*self._under_way, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
