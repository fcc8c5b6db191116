"""Keep to so many messages a second for each address, within one process."""

import asyncio
from collections import defaultdict
from datetime import timedelta


class Pace:
    """Lets one through at a time, and the next not sooner than *apart*; several processes meet at the far end's 429."""

    def __init__(self, apart: timedelta) -> None:
        self._apart = apart.total_seconds()
        self._next: dict[str, float] = defaultdict(float)

    async def turn(self, address: str) -> None:
        """Wait for one's turn at *address*."""
        clock = asyncio.get_running_loop().time
        mine = max(self._next[address], clock())
        self._next[address] = mine + self._apart
        await asyncio.sleep(mine - clock())
