"""
Run one timer on the process's wall clock, as Azure's timer listener does (platform.md D2).

Past due at start runs once; runs never overlap; times missed during a long run become one; failures do not stop
the schedule. A moved clock is a new start: what became due by the move is past due.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError

from sandbox.host.clock import ProcessClock
from sandbox.host.eager import begin
from sandbox.host.functions import Function, TimerTrigger
from sandbox.host.invoker import Call, Invoker
from sandbox.host.lease import SingletonLease
from sandbox.host.protos import TypedData
from sandbox.host.timer_state import ScheduleStatus, StatusBlob

_LOG = logging.getLogger("sandbox.host")
_RETRY_STORAGE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerParts:
    """What a timer works with; `retry_lease` is the pause between attempts to own it."""

    clock: ProcessClock
    invoker: Invoker
    lease: SingletonLease
    status_blob: StatusBlob
    retry_lease: timedelta


def timer_call(reason: str, status: ScheduleStatus | None, *, past_due: bool = False) -> Call:
    """Build the trigger value that the worker turns into a TimerRequest."""
    value = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.to_json() if status else None,
        "IsPastDue": past_due,
    }
    return Call(reason=reason, trigger_value=TypedData(json=json.dumps(value)), metadata={})


class TimerListener:
    """Own the timer's lease whenever we can get it, and fire the timer while we do."""

    def __init__(self, function: Function, trigger: TimerTrigger, parts: TimerParts) -> None:
        self._function = function
        self._trigger = trigger
        self._parts = parts
        self._settled = asyncio.Event()
        self._nudge = asyncio.Event()
        self._leading = False
        self._stopping = False
        self._started_up = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Start and return the task that lives as long as the listener."""
        self._parts.clock.watchers.append(self._clock_moved)
        self._task = asyncio.create_task(self._keep(), name=f"timer {self._function.name}")
        return self._task

    async def stop(self) -> None:
        """Fire no more, wait for a run under way, and give the lease back."""
        self._stopping = True
        self._nudge.set()
        if self._task:
            await self._task

    async def settled(self) -> None:
        """Return when it is armed, its past-due run under way if there is one, or another host owns the timer."""
        await self._settled.wait()

    def _clock_moved(self) -> None:
        if self._leading:
            self._settled.clear()
        self._nudge.set()

    async def _keep(self) -> None:
        lease = self._parts.lease
        while not self._stopping:
            if await lease.acquire():
                await self._lead()
            self._settled.set()
            await self._pause(self._parts.retry_lease.total_seconds())

    async def _lead(self) -> None:
        self._leading = True
        renewing = asyncio.create_task(self._renew())
        try:
            while self._leading and not self._stopping:
                await self._fire_until_disturbed()
        finally:
            self._leading = False
            renewing.cancel()
            await self._parts.lease.release()

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while self._leading:
            await asyncio.sleep(self._parts.lease.seconds / 3)
            try:
                await self._parts.lease.renew()
                renewed = loop.time()
            except AzureError as error:
                _LOG.warning("Timer %s: lease not renewed: %s", self._function.name, error)
                self._leading = loop.time() - renewed < self._parts.lease.seconds * 2 / 3
        self._nudge.set()

    async def _fire_until_disturbed(self) -> None:
        """Arm, fire whenever due, and return when the clock moved, the lease is lost, or the storage fails."""
        moves = self._parts.clock.moves
        try:
            status = await self._arm()
            while self._undisturbed(moves):
                await self._wait_for(status.next)
                if self._undisturbed(moves) and self._parts.clock.now() >= status.next:
                    status = await self._fire(status, past_due=False)
        except AzureError as error:
            _LOG.warning("Timer %s: storage failed: %s", self._function.name, error)
            self._settled.set()
            await self._pause(_RETRY_STORAGE)

    async def _arm(self) -> ScheduleStatus:
        now, schedule = self._parts.clock.now(), self._trigger.schedule
        stored = await self._parts.status_blob.read() if self._trigger.use_monitor else None
        status = stored.current(schedule, now) if stored else ScheduleStatus.first(schedule, now)
        if self._trigger.use_monitor and status != stored:
            await self._parts.status_blob.write(status)
        on_startup = self._trigger.run_on_startup and not self._started_up
        self._started_up = True
        past_due = now > status.next
        if past_due or on_startup:
            return await self._fire(status, past_due=past_due)
        self._settled.set()
        return status

    def _undisturbed(self, moves: int) -> bool:
        return self._leading and not self._stopping and self._parts.clock.moves == moves

    async def _wait_for(self, due: datetime) -> None:
        wait = (due - self._parts.clock.now()).total_seconds()
        if wait > 0:
            await self._pause(wait)

    async def _fire(self, status: ScheduleStatus, *, past_due: bool) -> ScheduleStatus:
        began = self._parts.clock.now()
        told = status if self._trigger.use_monitor else None
        call = timer_call("timer", told, past_due=past_due)
        # Eagerly, so that it is counted as under way before anybody hears that the timer has settled.
        run = begin(self._parts.invoker.run(self._function, call))
        self._settled.set()
        await run
        following = ScheduleStatus.after_run(self._trigger.schedule, began)
        if self._trigger.use_monitor:
            await self._parts.status_blob.write(following)
        return following

    async def _pause(self, seconds: float) -> None:
        """Sleep until the time is over or somebody nudges: a moved clock, a lost lease, the host's end."""
        if self._stopping:
            return
        self._nudge.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            return
