"""The chaos runner keeps its report's shape, finds nothing in the app as it is, and finds what is planted."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.chaos.characters import Place, Trouble, draw
from sandbox.chaos.people import PUTS_OFF, puts_off
from sandbox.chaos.relay import Passage, Relay

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parent.parent.parent
STRANGERS = ("AZURE_", "ROTATION_", "SANDBOX_", "AzureWebJobs")


def test_every_plant_still_finds_what_it_replaces() -> None:
    """In a process of its own: a plant stays where it was put."""
    program = "from sandbox.chaos.plants import PLANTS\nfor plant in PLANTS.values(): plant.install()"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_of_each_place_some_are_left_in_peace_and_the_same_seed_draws_the_same() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    characters, again = (draw(Random(7), 12, now) for _time in range(2))  # noqa: S311  # no secret comes from it
    assert characters == again
    for place in Place:
        troubles = {each.trouble for each in characters if each.place is place}
        assert Trouble.NONE in troubles
        assert len(troubles) > 1
    assert all(each.ends_at > now + timedelta(days=50) for each in characters)


def test_who_puts_a_hand_off_off_gets_to_it_while_the_run_can_still_end_well() -> None:
    some: set[bool] = set()
    for seed in range(200):
        rng, times = Random(seed), Counter[str]()  # noqa: S311  # no secret comes from it
        (person,) = (each for each in draw(rng, 3, datetime(2026, 3, 1, tzinfo=UTC)) if each.place is Place.PERSON)
        looks = [puts_off(rng, times, person) for _look in range(PUTS_OFF + 1)]
        assert not all(looks), seed
        some.add(any(looks))
    assert some == {True, False}


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        seen.append(data)
        self.transport.write(data)


seen: list[bytes] = []


@pytest.fixture
def relayed() -> Iterator[tuple[asyncio.AbstractEventLoop, Relay]]:
    """An echo behind a relay."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Echo, "127.0.0.1", 0))
    relay = Relay(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/account", seed=1)
    relay.start()
    seen.clear()
    yield loop, relay
    relay.stop()
    server.close()
    loop.run_until_complete(server.wait_closed())
    loop.close()


async def _said(relay: Relay, *words: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(relay.url.split(":")[2].split("/")[0]))
    heard = []
    try:
        for word in words:
            writer.write(word)
            heard.append(await asyncio.wait_for(reader.read(100), 5))
    except ConnectionError:
        heard.append(b"")
    finally:
        writer.close()
    return heard


def test_a_relay_forwards_and_refuses(relayed: tuple[asyncio.AbstractEventLoop, Relay]) -> None:
    loop, relay = relayed
    assert relay.url.endswith("/account")
    assert loop.run_until_complete(_said(relay, b"one", b"two")) == [b"one", b"two"]
    relay.become(Passage.REFUSING)
    assert loop.run_until_complete(_said(relay, b"three")) == [b""]
    relay.become(Passage.OPEN)
    assert loop.run_until_complete(_said(relay, b"four")) == [b"four"]


def test_a_cut_answer_is_lost_after_its_request_went_through(
    relayed: tuple[asyncio.AbstractEventLoop, Relay],
) -> None:
    loop, relay = relayed
    relay.cuts = 1.0
    assert loop.run_until_complete(_said(relay, b"1", b"2", b"3", b"4")) == [b"1", b"2", b"3", b""]
    assert seen[-1] == b"4"
    assert relay.lost == 1
