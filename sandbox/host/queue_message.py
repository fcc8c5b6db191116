"""What becomes of one queue message: run, then deleted, put back, or moved to the poison queue (platform.md D2)."""

import asyncio
import json
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.connections import Connections
from sandbox.host.functions import Function, QueueTrigger
from sandbox.host.host_json import Queues
from sandbox.host.invoker import Call, Invoker, create_queue
from sandbox.host.message_text import UndecodableError, decode
from sandbox.host.protos import TypedData

_LOG = logging.getLogger("sandbox.host")
_RECEIPT_LOST = frozenset({"PopReceiptMismatch", "MessageNotFound"})


@dataclass(slots=True)
class Delivery:
    """One message that we hold; `message.pop_receipt` is renewed with its visibility."""

    function: Function
    queue: QueueClient
    message: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDesk:
    """Handle messages; `visibility_seconds` hides one while it runs, renewed at half time."""

    invoker: Invoker
    connections: Connections
    limits: Queues
    visibility_seconds: int

    async def handle(self, delivery: Delivery) -> None:
        """See one message through; a storage failure leaves it to come back by its visibility."""
        try:
            await self._see_through(delivery)
        except AzureError as error:
            _LOG.warning("Message %s of %s: %s", delivery.message.id, delivery.queue.queue_name, error)

    async def _see_through(self, delivery: Delivery) -> None:
        attempts, most = delivery.message.dequeue_count, self.limits.max_dequeue_count
        if attempts > most:
            await self._poison(delivery, f"Message has reached MaxDequeueCount of {most}")
            return
        try:
            text = decode(delivery.message.content, self.limits.message_encoding)
        except UndecodableError as error:
            await self._poison(delivery, str(error))
            return
        if await self._run(delivery, text):
            await self._delete(delivery)
        elif attempts >= most:
            await self._poison(delivery, f"Message has reached MaxDequeueCount of {most}")
        else:
            await self._hide(delivery, round(self.limits.visibility_timeout.total_seconds()))

    async def _run(self, delivery: Delivery, text: str) -> bool:
        renewing = asyncio.create_task(self._renew(delivery))
        try:
            answer = await self.invoker.run(delivery.function, queue_call("queue", text, delivery.message))
        finally:
            renewing.cancel()
        return answer.succeeded

    async def _renew(self, delivery: Delivery) -> None:
        while True:
            await asyncio.sleep(self.visibility_seconds / 2)
            try:
                await self._hide(delivery, self.visibility_seconds)
            except AzureError as error:
                _LOG.warning("Message %s: visibility not renewed: %s", delivery.message.id, error)

    async def _hide(self, delivery: Delivery, seconds: int) -> None:
        message = delivery.message
        try:
            updated = await delivery.queue.update_message(
                message.id, pop_receipt=message.pop_receipt, visibility_timeout=seconds
            )
        except HttpResponseError as error:
            _ignore_lost_receipt(error)
        else:
            message.pop_receipt = updated.pop_receipt

    async def _delete(self, delivery: Delivery) -> None:
        try:
            await delivery.queue.delete_message(delivery.message.id, delivery.message.pop_receipt)
        except HttpResponseError as error:
            _ignore_lost_receipt(error)

    async def _poison(self, delivery: Delivery, why: str) -> None:
        name = f"{delivery.queue.queue_name}-poison"
        _LOG.error("%s. Moving message %s to queue '%s'.", why, delivery.message.id, name)
        trigger = delivery.function.trigger
        if not isinstance(trigger, QueueTrigger):
            raise TypeError(f"{delivery.function.name} is not a queue function")
        poison = self.connections.queue(trigger.connection, name)
        try:
            await poison.send_message(delivery.message.content, time_to_live=-1)
        except ResourceNotFoundError:
            await create_queue(poison)
            await poison.send_message(delivery.message.content, time_to_live=-1)
        await self._delete(delivery)


def queue_call(reason: str, text: str, message: Any) -> Call:
    """Build what the worker turns into a QueueMessage; counts and instants travel as JSON (platform.md D2)."""
    instants = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    metadata = {
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=json.dumps(message.dequeue_count)),
        **{name: TypedData(json=json.dumps(instant.isoformat())) for name, instant in instants.items()},
    }
    return Call(reason=reason, trigger_value=TypedData(string=text), metadata=metadata)


@dataclass(frozen=True, slots=True)
class ManualMessage:
    """Stand in for a message when somebody runs a queue function by hand."""

    inserted_on: datetime
    expires_on: datetime
    next_visible_on: datetime
    id: str
    pop_receipt: str = ""
    dequeue_count: int = 1

    @classmethod
    def now(cls) -> "ManualMessage":
        moment = datetime.now(UTC)
        return cls(moment, moment + timedelta(days=7), moment, str(uuid.uuid4()))


def _ignore_lost_receipt(error: HttpResponseError) -> None:
    """Swallow what Azure ignores: somebody else took the message, or the function dealt with it itself."""
    code = getattr(error, "error_code", None)
    code = getattr(code, "value", code)
    if error.status_code != 404 and code not in _RECEIPT_LOST:
        raise error
    _LOG.info("A message was no longer ours: %s", code or error.status_code)
