"""So many messages a second for each address: the waits are real, and short."""

import asyncio
from datetime import timedelta

from rotation.notifications.pace import Pace
from rotation.notifications.teams import APART as TEAMS

APART = timedelta(milliseconds=40)


async def test_one_address_is_never_asked_sooner_than_it_may_and_holds_no_other_back() -> None:
    pace, clock = Pace(APART), asyncio.get_running_loop().time
    began = clock()
    passed: list[tuple[str, float]] = []

    async def send(address: str) -> None:
        await pace.turn(address)
        passed.append((address, clock() - began))

    await asyncio.gather(*[send("busy") for _ in range(5)], send("idle"))
    busy = [at for address, at in passed if address == "busy"]
    assert all(at >= place * APART.total_seconds() - 0.005 for place, at in enumerate(busy))
    assert [address for address, _at in passed].index("idle") <= 1, "its turn is at once"


def test_teams_takes_four_a_second() -> None:
    assert timedelta(seconds=1) / TEAMS == 4
