"""Start a coroutine at once instead of at the loop's next turn."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def begin[T](work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run `work` up to its first wait before returning: an invocation is then already in the journal."""
    return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
