"""`Scene`: everything that one run consists of, started and always ended."""

import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sandbox.chaos.asked import Asked
from sandbox.chaos.characters import Character, draw, move_in
from sandbox.chaos.configuration import configuration
from sandbox.chaos.history import History
from sandbox.chaos.hosts import Hosts
from sandbox.chaos.plants import NOTHING, PLANTS, Plant
from sandbox.chaos.relay import Relay
from sandbox.chaos.weather import Weather
from sandbox.cloud import Cloud
from sandbox.demo.terminal import Terminal
from sandbox.running.books import Books
from sandbox.running.world import STORAGE, World

SETTINGS = {
    "RECOVER_SCHEDULE": "*/2 * * * * *",
    # By hand, once a day has passed: a moved clock would start everything at once.
    "SCAN_SCHEDULE": "0 0 2 29 2 *",
    "WEEKLY_SCHEDULE": "0 0 4 29 2 *",
    "DIGEST_SCHEDULE": "0 0 7 29 2 *",
    "ROTATION_LOOK_SPACING_SECONDS": "2",
    "ROTATION_LEASE_SECONDS": "10",
    "ROTATION_PAUSED_RECHECK_SECONDS": "5",
    "ROTATION_SCAN_HEARTBEAT_SECONDS": "2",
    "ROTATION_SCAN_SILENT_SECONDS": "8",
}
REPORT_LAG = timedelta(hours=6)


@dataclass(slots=True, kw_only=True)
class Scene:
    """One run while it runs."""

    seed: int
    rng: Random
    characters: Sequence[Character]
    world: World
    hosts: Hosts
    weather: Weather
    books: Books
    terminal: Terminal
    history: History
    plant: Plant
    lockouts: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    """Characters whose part is played."""
    put_off: Counter[str] = field(default_factory=Counter)
    """How often each character has put its part off."""

    @property
    def cloud(self) -> Cloud:
        return self.world.cloud

    @property
    def context(self) -> ssl.SSLContext:
        """Trust the sandbox's certificates."""
        return ssl.create_default_context(cafile=self.cloud.ca_file)


@contextmanager
def scene(asked: Asked, seed: int) -> Iterator[Scene]:
    """Start everything for one run, and end it."""
    rng = Random(seed)
    with ExitStack() as open_ones:
        world = open_ones.enter_context(World(settings=SETTINGS))
        history = History(world.cloud.clock)
        plant = PLANTS.get(asked.plant, NOTHING)
        characters = draw(rng, asked.lines, world.cloud.clock.now(), first=plant.trouble)
        world.start_cloud()
        move_in(world.cloud, characters)
        world.cloud.entra.behaviour.update({"sign_in_report_lag_seconds": REPORT_LAG.total_seconds()})
        world.write_config(configuration(world.cloud, characters, nights=asked.windows))
        world.start_storage()
        relays = _relays(world, seed)
        for relay in relays.values():
            relay.start()
            open_ones.callback(relay.stop)
        settings = world.settings() | {f"{STORAGE}__{name}ServiceUri": relay.url for name, relay in relays.items()}
        hosts = Hosts(world.cloud, settings, folder=world.folder, history=history)
        hosts.plant(asked.plant)
        open_ones.callback(hosts.stop)
        terminal = Terminal(world, {})
        open_ones.callback(terminal.stop)
        hosts.start()
        terminal.ready()
        books = open_ones.enter_context(Books(world.storage, ca_file=world.cloud.ca_file))
        yield Scene(
            seed=seed,
            rng=rng,
            characters=characters,
            world=world,
            hosts=hosts,
            weather=Weather(world.cloud, tuple(relays.values()), rng=rng, plant=plant),
            books=books,
            terminal=terminal,
            history=history,
            plant=plant,
        )


def _relays(world: World, seed: int) -> dict[str, Relay]:
    storage = world.storage
    addresses = {"blob": storage.blob_url, "queue": storage.queue_url, "table": storage.table_url}
    return {name: Relay(url, seed=seed + place) for place, (name, url) in enumerate(addresses.items())}
