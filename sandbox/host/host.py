"""A running host: the app's functions with their listeners."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from datetime import timedelta

from sandbox.host.clock import ProcessClock
from sandbox.host.connections import HOST_STORAGE, Connections
from sandbox.host.eager import begin
from sandbox.host.failures import IndexFailureError
from sandbox.host.front import HttpFront
from sandbox.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger, understand
from sandbox.host.host_json import HostJson, read_host_json
from sandbox.host.invoker import Call, Invoker
from sandbox.host.journal import Journal
from sandbox.host.keys import Keys
from sandbox.host.lease import SingletonLease
from sandbox.host.options import HostOptions
from sandbox.host.protos import TypedData
from sandbox.host.queue_message import ManualMessage, MessageDesk, queue_call
from sandbox.host.queues import Pace, QueueListener
from sandbox.host.timer_state import StatusBlob
from sandbox.host.timers import TimerListener, TimerParts, timer_call
from sandbox.host.worker import Worker

_LOG = logging.getLogger("sandbox.host")
_LOCAL_MAX_POLL = 2.0
_RETRY_LEASE = timedelta(seconds=1)

type Listener = TimerListener | QueueListener


class Host:
    """Index with `load`, run with `start`, end with `drain` and `close`."""

    def __init__(self, options: HostOptions, clock: ProcessClock) -> None:
        self.options = options
        self.clock = clock
        self.journal = Journal()
        self.keys = Keys(master=options.master_key, function=options.function_key)
        self.functions: dict[str, Function] = {}
        self.draining = False
        self.stop = asyncio.Event()
        self.crashed = False
        self.abandoned = False
        self._connections = Connections(os.environ)
        self._worker = Worker(options.app)
        self._listeners: list[Listener] = []
        self._manual: set[asyncio.Task[object]] = set()

    async def load(self) -> None:
        """Read host.json and index the app; IndexFailureError says everything that is wrong."""
        self.host_json, warnings = read_host_json(self.options.app)
        for warning in warnings:
            _LOG.warning(warning)
        functions = understand(await self._worker.index(), os.environ)
        problems = sorted(set(self._missing_connections(functions)))
        if problems:
            raise IndexFailureError(*problems)
        self.functions = {function.name: function for function in functions}
        self.invoker = self._new_invoker(self.host_json)
        self.front = HttpFront(
            (function for function in functions if not function.disabled),
            prefix=self.host_json.extensions.http.route_prefix,
            keys=self.keys,
            invoker=self.invoker,
        )

    async def start(self) -> None:
        """Start timers and queues; returns when every timer is armed or known to be another host's."""
        self._listeners = [
            self._listener(function)
            for function in self.functions.values()
            if not function.disabled and not isinstance(function.trigger, HttpTrigger)
        ]
        for listener in self._listeners:
            listener.start().add_done_callback(self._listener_ended)
        await self.settled()

    async def settled(self) -> None:
        """Return when all timers know what to do next after a start or a moved clock."""
        await asyncio.gather(*(one.settled() for one in self._listeners if isinstance(one, TimerListener)))

    def _listener_ended(self, task: asyncio.Task[None]) -> None:
        """End the host when a listener breaks: a bug of this host must not look like a quiet queue."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.critical("The listener of %s broke", task.get_name(), exc_info=error)
            print(f"The listener of {task.get_name()} broke: {error!r}", file=sys.stderr, flush=True)
            self.crashed = True
            self.stop.set()

    async def drain(self) -> None:
        """Take no more timers and messages, and wait for what is under way."""
        self.draining = True
        stops = (listener.stop() for listener in self._listeners)
        await asyncio.gather(*stops, *self._manual, return_exceptions=True)

    async def close(self) -> None:
        self._worker.stop()
        await self._connections.aclose()

    def run_now(self, function: Function, text: str) -> None:
        """Run a timer or queue function by hand; it is in the journal when this returns."""
        match function.trigger:
            case TimerTrigger():
                call = timer_call("admin", None)
            case QueueTrigger():
                call = queue_call("admin", text, ManualMessage.now())
            case HttpTrigger():
                call = Call(reason="admin", trigger_value=TypedData(), metadata={})
        task = begin(self.invoker.run(function, call))
        if not task.done():
            self._manual.add(task)
            task.add_done_callback(self._manual.discard)

    def _new_invoker(self, host_json: HostJson) -> Invoker:
        return Invoker(
            worker=self._worker,
            journal=self.journal,
            connections=self._connections,
            encoding=host_json.extensions.queues.message_encoding,
            limit=host_json.function_timeout,
        )

    def _missing_connections(self, functions: list[Function]) -> Iterator[str]:
        for function in functions:
            for connection in _queue_connections(function):
                problem = self._connections.problem("queue", connection)
                if problem:
                    yield f"Error indexing method 'Functions.{function.name}': {problem}"
        problem = self._connections.problem("blob", HOST_STORAGE)
        if problem and any(isinstance(function.trigger, TimerTrigger) for function in functions):
            yield problem

    def _listener(self, function: Function) -> Listener:
        match function.trigger:
            case TimerTrigger() as trigger:
                return TimerListener(function, trigger, self._timer_parts(function.name))
            case QueueTrigger() as trigger:
                return self._queue_listener(function, trigger)
            case HttpTrigger():
                raise TypeError(f"{function.name} listens to HTTP, which the front serves")

    def _timer_parts(self, name: str) -> TimerParts:
        container = self._connections.hosts_container()
        host_id, full_name = self.options.host_id, f"Host.Functions.{name}"
        lease = SingletonLease(
            container=container,
            path=f"locks/{host_id}/{full_name}.Listener",
            instance=self.options.instance,
            seconds=self.options.lock_seconds,
        )
        blob = StatusBlob(container=container, path=f"timers/{host_id}/{full_name}/status")
        return TimerParts(
            clock=self.clock, invoker=self.invoker, lease=lease, status_blob=blob, retry_lease=_RETRY_LEASE
        )

    def _queue_listener(self, function: Function, trigger: QueueTrigger) -> QueueListener:
        limits = self.host_json.extensions.queues
        interval = limits.max_polling_interval
        longest = self.options.max_poll or (interval.total_seconds() if interval else _LOCAL_MAX_POLL)
        desk = MessageDesk(
            invoker=self.invoker,
            connections=self._connections,
            limits=limits,
            visibility_seconds=self.options.queue_visibility,
        )
        return QueueListener(
            function,
            queue=self._connections.queue(trigger.connection, trigger.queue),
            desk=desk,
            limits=limits,
            pace=Pace(shortest=self.options.poll, longest=max(longest, self.options.poll)),
        )


def _queue_connections(function: Function) -> Iterator[str]:
    if isinstance(function.trigger, QueueTrigger):
        yield function.trigger.connection
    yield from (output.connection for output in function.outputs)
