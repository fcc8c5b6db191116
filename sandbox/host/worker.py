"""
Drive Microsoft's worker library: index an app once, then run invocations.

The worker gets a thread and an event loop of its own, because in Azure it is a process of its own: an app that
blocks its loop must not stop the host from renewing messages and leases.
"""

import asyncio
import importlib
import json
import sys
import threading
from collections.abc import Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.host.failures import IndexFailureError
from sandbox.host.protos import PROTOS, Message, ParameterBinding, StatusResult, TypedData

current_invocation: ContextVar[str | None] = ContextVar("current_invocation", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Run a failed timer again up to `count` times (-1: without end), `delay` apart, doubling up to `longest`."""

    count: int
    delay: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFunction:
    """Describe a function as the worker reports it: `bindings` are the raw binding objects of function.json."""

    name: str
    function_id: str
    bindings: tuple[dict[str, Any], ...]
    retry: Retry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Ask for one run: `inputs` by binding name, `metadata` of the trigger."""

    invocation_id: str
    function_id: str
    inputs: Mapping[str, TypedData]
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    retry_count: int = 0
    max_retry_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Report one run: `error` and `stack` are empty when it succeeded."""

    error: str = ""
    stack: str = ""
    returned: TypedData | None = None
    outputs: Mapping[str, TypedData] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return not self.error


class Worker:
    """Hold the one worker of this process."""

    def __init__(self, app: Path) -> None:
        self._app = app
        self._library: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)

    async def index(self) -> list[IndexedFunction]:
        """
        Import the app and return its functions in order.

        Raise IndexFailureError with the worker's own message for whatever Azure would refuse.
        """
        self._thread.start()
        sys.path.insert(0, str(self._app))
        self._library = await asyncio.to_thread(importlib.import_module, "azure_functions_runtime")
        self._library.start_threadpool_executor()
        answer = await self._on_worker_loop(self._library.worker_init_request(self._init_request()))
        if answer.result.status != StatusResult.Success:
            raise IndexFailureError(answer.result.exception.message)
        answer = await self._on_worker_loop(self._library.functions_metadata_request(Message()))
        if not answer.function_metadata_results:
            raise IndexFailureError(f"No functions found in {self._app} (function_app.py missing or empty).")
        return [_indexed(function) for function in answer.function_metadata_results]

    async def invoke(self, invocation: Invocation, limit: timedelta | None) -> Answer:
        """
        Run one invocation in the worker; past `limit` it is cancelled and reported as failed.

        Azure ends the whole worker process at functionTimeout; a cancelled coroutine is as near as one process gets.
        """
        run = self._on_worker_loop(self._run(invocation))
        try:
            answer = await asyncio.wait_for(run, limit.total_seconds() if limit else None)
        except TimeoutError:
            return Answer(error=f"FunctionTimeoutException: Timeout value of {limit} was exceeded.")
        if answer.result.status == StatusResult.Success:
            outputs = {output.name: output.data for output in answer.output_data}
            return Answer(returned=answer.return_value, outputs=outputs)
        failure = answer.result.exception
        return Answer(error=failure.message, stack=failure.stack_trace)

    def stop(self) -> None:
        """End the worker's loop; what still runs in it is abandoned."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    async def _on_worker_loop(self, call: Coroutine[Any, Any, Any]) -> Any:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, self._loop))

    async def _run(self, invocation: Invocation) -> Any:
        current_invocation.set(invocation.invocation_id)
        return await self._library.invocation_request(_invocation_request(invocation))

    def _init_request(self) -> Message:
        init = Message(capabilities={}, function_app_directory=str(self._app))
        return Message(request=Message(worker_init_request=init), properties={"host": "127.0.0.1", "protos": PROTOS})


def _invocation_request(invocation: Invocation) -> Message:
    inputs = [ParameterBinding(name=name, data=data) for name, data in invocation.inputs.items()]
    request = Message(
        invocation_id=invocation.invocation_id,
        function_id=invocation.function_id,
        input_data=inputs,
        trigger_metadata=dict(invocation.metadata),
        trace_context=Message(trace_parent="", trace_state="", attributes={}),
        retry_context=Message(
            retry_count=invocation.retry_count, max_retry_count=invocation.max_retry_count, exception=None
        ),
    )
    return Message(request=Message(invocation_request=request))


def _indexed(function: Any) -> IndexedFunction:
    return IndexedFunction(
        name=function.name,
        function_id=function.function_id,
        bindings=tuple(json.loads(binding) for binding in function.raw_bindings),
        retry=_retry(function.retry_options),
    )


def _retry(options: Any) -> Retry | None:
    if options is None:
        return None
    first = getattr(options, "delay_interval", None)
    if first is not None:
        return Retry(count=options.max_retry_count, delay=first, longest=first)
    return Retry(count=options.max_retry_count, delay=options.minimum_interval, longest=options.maximum_interval)
