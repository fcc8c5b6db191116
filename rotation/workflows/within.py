"""Wait for a destination, not for ever: one that hangs holds nobody's lease, and nobody else's delivery."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from rotation.domain.errors import OutcomeUnknown, Unavailable


async def within[Answer](limit: timedelta, call: Awaitable[Answer], *, changes: bool = False) -> Answer:
    """
    Wait for a kind's call, at most *limit*.

    Raises:
        OutcomeUnknown: It *changes* something and was cut (`destination-hung`).
        Unavailable: It only looks and was cut (`destination-hung`).
    """
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return await call
    except TimeoutError:
        why = f"the destination gave no answer within {limit.total_seconds():g} s"
    if changes:
        raise OutcomeUnknown(why, reason="destination-hung")
    raise Unavailable(why, reason="destination-hung")
