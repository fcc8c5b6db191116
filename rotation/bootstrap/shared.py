"""
The composition of this process.

A process has one composition for each event loop, because connections belong to the loop that opened them.
"""

import asyncio
import gc
from weakref import WeakKeyDictionary

from rotation import settings as environment
from rotation.bootstrap.composition import Composition
from rotation.settings import Settings
from rotation.workflows.services import Services

_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, Composition] = WeakKeyDictionary()


def composition(settings: Settings | None = None) -> Composition:
    """
    Give the composition of this process and event loop, made on first use from *settings* or the environment.

    Raises:
        Misconfigured: The environment has problems: all of them.
    """
    loop = asyncio.get_running_loop()
    if loop not in _shared:
        gc.freeze()  # what was imported stays for good: no collection need look at it again
        _shared[loop] = Composition(settings or environment.read())
    return _shared[loop]


def services(settings: Settings | None = None) -> Services:
    """Give the services of `composition`."""
    return composition(settings).services


async def close_shared() -> None:
    """Close what `composition` made for this event loop, if it did."""
    found = _shared.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()
