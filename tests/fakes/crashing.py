"""Kill the program before or after its n-th call to the outside (protocol.md, Crash table)."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

type Watch = Callable[[str, Sequence[Any]], None]
"""Hears of each call, by its name and positional arguments, right before it is sent."""


def unwatched(_call: str, _arguments: Sequence[Any]) -> None:
    """Hear of nothing."""


class Crash(BaseException):
    """The process dies here; no `except Exception` can hide it."""


class CrashPlan:
    """
    Count port calls over all wrapped ports and raise Crash at the chosen points.

    Point 2n is before call n takes effect, 2n+1 after it did and before anybody heard; calls count from 0 and on
    over restarts, so two points are a crash and a crash of its recovery. Without points it only counts:
    `points` then tells how many there are, and `trace` which call each belongs to.
    """

    def __init__(self, *points: int) -> None:
        self._left = set(points)
        self.trace: list[str] = []

    @property
    def points(self) -> int:
        """How many crash points there were so far."""
        return 2 * len(self.trace)

    def enter(self, name: str) -> int:
        """Count a call and give its number; Crash where planned before it."""
        call = len(self.trace)
        self.trace.append(name)
        self._strike(2 * call, f"before {name}")
        return call

    def leave(self, call: int) -> None:
        """Crash where planned after the call."""
        self._strike(2 * call + 1, f"after {self.trace[call]}")

    async def rest(self, point: int) -> None:
        """Let the process sleep at a point; this one never does."""

    def _strike(self, point: int, where: str) -> None:
        if point in self._left:
            self._left.remove(point)
            raise Crash(f"point {point}, {where}")


class SleepPlan(CrashPlan):
    """Let one process fall asleep at its n-th point, as a paused machine does, and others go on meanwhile."""

    def __init__(self, point: int, nap: timedelta) -> None:
        super().__init__()
        self.nap = nap
        self._at = point
        self.asleep = asyncio.Event()
        self.awake = asyncio.Event()

    async def rest(self, point: int) -> None:
        if point == self._at:
            self.asleep.set()
            await self.awake.wait()


class Crashing:
    """
    Stand in for any port object and pass everything on, through the plan.

    Counted: coroutine methods, the start of async iterators (and each of their items is free), and the coroutine
    methods of what synchronous methods hand out (a vault of Vaults, a kind of Integrations, a snapshot's writer).
    """

    def __init__(self, port: object, plan: CrashPlan, watch: Watch = unwatched) -> None:
        self._port, self._plan, self._watch = port, plan, watch
        self._wrapped: dict[str, tuple[Any, Any]] = {}
        """What stands in for a method, with the method: a night asks for the same ones ten thousand times."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        known = self._wrapped.get(name)
        if known is not None and known[0] == found:
            return known[1]
        made = self._wrap(f"{type(self._port).__name__}.{name}", found)
        if made is not found:
            self._wrapped[name] = (found, made)
        return made

    def _wrap(self, label: str, found: Any) -> Any:
        if inspect.iscoroutinefunction(found):
            return self._counted(label, found)
        if inspect.isroutine(found):
            return self._passed_on(label, found)
        return found

    def _counted(self, label: str, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(act)
        async def call(*args: Any, **named: Any) -> Any:
            number = self._plan.enter(label)
            self._watch(label, args)
            await self._plan.rest(2 * number)
            answer = await act(*args, **named)
            await self._plan.rest(2 * number + 1)
            self._plan.leave(number)
            return answer

        return call

    def _passed_on(self, label: str, act: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(act)
        def call(*args: Any, **named: Any) -> Any:
            answer = act(*args, **named)
            if hasattr(answer, "__aiter__"):
                return self._iterated(label, answer, args)
            if hasattr(answer, "__aenter__"):
                return self._entered(label, answer)
            return crashing(answer, self._plan, self._watch) if _is_port(answer) else answer

        return call

    async def _iterated(self, label: str, items: AsyncIterator[Any], args: Sequence[Any]) -> AsyncIterator[Any]:
        number = self._plan.enter(label)
        self._watch(label, args)
        try:
            async for item in items:
                yield item
        finally:
            await _close(items)
        self._plan.leave(number)

    @asynccontextmanager
    async def _entered(self, label: str, manager: Any) -> AsyncIterator[Any]:
        number = self._plan.enter(label)
        async with manager as inner:
            yield crashing(inner, self._plan, self._watch)
        self._plan.leave(number)


def crashing[T](port: T, plan: CrashPlan, watch: Watch = unwatched) -> T:
    """Wrap *port*; it keeps its type for the type checker."""
    return cast("T", Crashing(port, plan, watch))


async def _close(items: AsyncIterator[Any]) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()


_PORTS: dict[type[object], bool] = {}


def _is_port(answer: object) -> bool:
    kind = type(answer)
    if kind not in _PORTS:
        names = (name for name in dir(kind) if not name.startswith("_"))
        _PORTS[kind] = any(inspect.iscoroutinefunction(getattr(kind, name, None)) for name in names)
    return _PORTS[kind]
