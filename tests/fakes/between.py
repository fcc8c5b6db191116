"""A port before whose call somebody else comes: what two processes do at once, made to happen."""

from collections.abc import Awaitable, Callable
from typing import Any


class Between:
    """Hand on every call of *inner*; before the first of *method* that fits *when*, *act* happens."""

    def __init__(
        self, inner: Any, method: str, *, when: Callable[..., bool], act: Callable[[], Awaitable[object]]
    ) -> None:
        self._inner = inner
        self._method = method
        self._when = when
        self._act = act
        self.came = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            if not self.came and self._when(*arguments):
                self.came = True
                await self._act()
            return await found(*arguments, **named)

        return call
