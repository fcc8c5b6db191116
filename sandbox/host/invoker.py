"""Run a function once: worker, journal, output bindings; and again where a retry policy counts."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from sandbox.host.connections import Connections
from sandbox.host.functions import Function, QueueOutput, TimerTrigger
from sandbox.host.journal import Journal
from sandbox.host.message_text import encode
from sandbox.host.protos import TypedData
from sandbox.host.worker import Answer, Invocation, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Why and with what a function runs: `reason` is timer, queue, http or admin."""

    reason: str
    trigger_value: TypedData
    metadata: Mapping[str, TypedData]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoker:
    """Run functions; every run is in the journal from the first synchronous step on."""

    worker: Worker
    journal: Journal
    connections: Connections
    encoding: str
    limit: timedelta | None

    async def run(self, function: Function, call: Call) -> Answer:
        """Return the last answer; retry policies count for timers only, as in Azure (platform.md D2)."""
        retry = function.retry if isinstance(function.trigger, TimerTrigger) else None
        for attempt in itertools.count():
            answer = await self._run_once(function, call, attempt)
            if answer.succeeded or retry is None or attempt == retry.count:
                break
            pause = min(retry.delay * 2 ** min(attempt, 30), retry.longest)
            await asyncio.sleep(pause.total_seconds())
        return answer

    async def _run_once(self, function: Function, call: Call, attempt: int) -> Answer:
        invocation = Invocation(
            invocation_id=str(uuid.uuid4()),
            function_id=function.function_id,
            inputs={function.argument: call.trigger_value},
            metadata=call.metadata,
            retry_count=attempt,
            max_retry_count=function.retry.count if function.retry else 0,
        )
        ticket = self.journal.begin(invocation.invocation_id, function.name, call.reason)
        answer = Answer(error="The host stopped before the function ended.")
        try:
            answer = await self.worker.invoke(invocation, self.limit)
            answer = await self._send_outputs(function, answer)
        finally:
            self.journal.end(ticket, answer)
        return answer

    async def _send_outputs(self, function: Function, answer: Answer) -> Answer:
        for output in function.outputs:
            value = answer.returned if output.name == "$return" else answer.outputs.get(output.name)
            if value is None or not answer.succeeded:
                continue
            try:
                await self._send(output, value)
            except AzureError as error:
                return Answer(error=f"Exception while writing output '{output.name}': {error}")
        return answer

    async def _send(self, output: QueueOutput, value: TypedData) -> None:
        queue = self.connections.queue(output.connection, output.queue)
        for text in queue_texts(value):
            body = encode(text, self.encoding)
            try:
                await queue.send_message(body)
            except ResourceNotFoundError:
                await create_queue(queue)
                await queue.send_message(body)


async def create_queue(queue: Any) -> None:
    """Create a queue that may already be there."""
    try:
        await queue.create_queue()
    except ResourceExistsError:
        return


def queue_texts(value: TypedData) -> Iterator[str]:
    """
    Yield the messages that Azure makes of an output value.

    Text that looks like JSON is parsed: an array is fanned out, an object is written anew, indented (platform.md D2).
    """
    raw = value.value()
    text = raw.decode() if isinstance(raw, bytes) else str(raw)
    parsed = _json(text)
    if isinstance(parsed, list):
        yield from (item if isinstance(item, str) else json.dumps(item, indent=2) for item in parsed)
    elif isinstance(parsed, dict):
        body = parsed.get("body") if set(parsed) == {"id", "body"} else None
        yield body if isinstance(body, str) else json.dumps(parsed, indent=2, ensure_ascii=False)
    else:
        yield text


def _json(text: str) -> Any:
    if not text.strip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
