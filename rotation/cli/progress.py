"""One live line while something takes long: counts and rate, on standard error, for whoever watches."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.text import Text

LOOK_EVERY_SECONDS = 0.25


@contextmanager
def live_line(*, quiet: bool) -> Iterator[Callable[[Text], None]]:
    """Give what shows a line in place of the one before; nothing where nobody watches, or all is *quiet*."""
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal:
        yield _nobody_watches
        return
    with Live(console=console, transient=True, refresh_per_second=4) as live:
        yield live.update


def _nobody_watches(_line: Text) -> None:
    pass


@asynccontextmanager
async def watched(told: Callable[[float], Text], *, quiet: bool) -> AsyncIterator[None]:
    """Show what *told* gives, by the seconds since the beginning, several times a second until the body ends."""
    with live_line(quiet=quiet) as show:
        ticking = asyncio.create_task(_tick(told, show))
        try:
            yield
        finally:
            ticking.cancel()


async def _tick(told: Callable[[float], Text], show: Callable[[Text], None]) -> None:
    began = monotonic()
    while True:
        show(told(monotonic() - began))
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def rate(count: int, seconds: float) -> str:
    """Write how fast: `4,100/s`; nothing before there is anything to tell."""
    return f"{count / seconds:,.0f}/s" if count and seconds >= 1 else "-/s"
