"""What goes wrong next: one small plan that every fake asks before and after it acts."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum

from rotation.domain.errors import AccessDenied, OutcomeUnknown, RotationError, Throttled, Unavailable


class Mishap(Enum):
    """One way in which a call goes wrong."""

    UNAVAILABLE = "refused, nothing was done"
    THROTTLED = "refused, nothing was done, wait"
    DENIED = "refused for a missing right"
    LOST_BEFORE = "no answer, nothing was done"
    LOST_AFTER = "no answer, and it was done"
    REPEATED = "done, and then asked again by the SDK itself, which tells the second answer"


class Mishaps:
    """
    A plan per method name. Crueller than a service: it can strike at the worst call exactly.

    `lost` is what a lost answer raises: OutcomeUnknown for ports that say so, else Unavailable.
    """

    def __init__(self, lost: Callable[[str], RotationError] = Unavailable) -> None:
        self.lost = lost
        self._planned: defaultdict[str, deque[Mishap | None]] = defaultdict(deque)
        self._always: dict[str, Mishap] = {}

    def plan(self, method: str, *mishaps: Mishap | None) -> None:
        """Strike the next calls of *method*, in this order; None lets one pass."""
        self._planned[method].extend(mishaps)

    def always(self, method: str, mishap: Mishap | None) -> None:
        """Strike every unplanned call of *method* until told None."""
        if mishap is None:
            self._always.pop(method, None)
        else:
            self._always[method] = mishap

    async def around[T](self, method: str, act: Callable[[], Awaitable[T]]) -> T:
        """Let *act* happen, or not, as planned; gives way to other tasks before and after, as a network does."""
        planned = self._planned[method]
        mishap = planned.popleft() if planned else self._always.get(method)
        await asyncio.sleep(0)
        self._strike_before(method, mishap)
        answer = await act()
        if mishap is Mishap.REPEATED:
            answer = await act()
        await asyncio.sleep(0)
        if mishap is Mishap.LOST_AFTER:
            raise self.lost(f"{method}: the answer was lost")
        return answer

    def _strike_before(self, method: str, mishap: Mishap | None) -> None:
        match mishap:
            case Mishap.UNAVAILABLE:
                raise Unavailable(f"{method}: not now")
            case Mishap.THROTTLED:
                raise Throttled(f"{method}: too many requests", retry_after=timedelta(seconds=7))
            case Mishap.DENIED:
                raise AccessDenied(f"{method}: the fake denies it")
            case Mishap.LOST_BEFORE:
                raise self.lost(f"{method}: the answer was lost")
            case _:
                return


def outcome_unknown(message: str) -> RotationError:
    """Give what a lost answer is to ports that say OutcomeUnknown."""
    return OutcomeUnknown(message)
