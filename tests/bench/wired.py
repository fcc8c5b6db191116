"""Ports as the workflows see them, over a wire that takes its time; what went over it can be sent again."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from rotation.workflows.services import Services

PORTS = ("directory", "sign_in", "vaults", "tables", "queues", "snapshots", "integrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a port: of what, which, and with what."""

    port: Any
    method: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{type(self.port).__name__}.{self.method}"


@dataclass(slots=True, kw_only=True)
class Wire:
    """A round trip before each answer; `calls` are those that were made."""

    round_trip: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def over(self, services: Services) -> Services:
        """Give the same services over this wire."""
        return replace(services, **{name: self.wrapped(getattr(services, name)) for name in PORTS})

    def wrapped[T](self, port: T) -> T:
        """Wrap one port; it keeps its type for the type checker."""
        return cast("T", _Wired(port, self))

    async def travel(self, call: Call) -> None:
        self.calls.append(call)
        if self.round_trip:
            await asyncio.sleep(self.round_trip)


class _Wired:
    def __init__(self, port: Any, wire: Wire) -> None:
        self._port, self._wire = port, wire

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if inspect.iscoroutinefunction(found):
            return self._sent(name, found)
        if inspect.isasyncgenfunction(found):
            return self._listed(name, found)
        return self._handed_out(found) if inspect.ismethod(found) else found

    def _sent(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            await self._wire.travel(Call(port=self._port, method=name, arguments=arguments, named=named))
            return await act(*arguments, **named)

        return call

    def _listed(self, name: str, act: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            await self._wire.travel(Call(port=self._port, method=name, arguments=arguments, named=named))
            async for item in act(*arguments, **named):
                yield item

        return call

    def _handed_out(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            answer = act(*arguments, **named)
            methods = (getattr(type(answer), each, None) for each in dir(type(answer)) if not each.startswith("_"))
            return _Wired(answer, self._wire) if any(map(inspect.iscoroutinefunction, methods)) else answer

        return call
