"""One sandbox and as many lines as one asks for, all due in one night; `BusyNight` has two hosts over it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import yaml
from azure.data.tables import TableServiceClient

from rotation.ledger import keys
from rotation.ledger.control import PARTITION, REHEARSED, Rehearsed
from sandbox.chaos.characters import ENDS_IN, Character, Place, Trouble, move_in
from sandbox.chaos.configuration import configuration
from sandbox.chaos.history import History
from sandbox.chaos.hosts import Hosts
from sandbox.cloud import Cloud
from sandbox.running.books import Books
from sandbox.running.world import World
from tests.bench.asked_of_services import Asked, CountedCloud

NEVER = "0 0 2 29 2 *"
WINDOW = 30.0
"""Seconds over which Graph counts writes here, instead of 150."""
SETTINGS = {
    # Asked for by hand. Open work is looked at each minute, as in Azure.
    "SCAN_SCHEDULE": NEVER,
    "WEEKLY_SCHEDULE": NEVER,
    "DIGEST_SCHEDULE": NEVER,
    # How long a look waits is no cost; how many there are is, and that stays.
    "ROTATION_LOOK_SPACING_SECONDS": "2",
    # The quota is scaled in time too, or a night of few lines would be over before it is felt.
    "ROTATION_WRITE_QUOTA_SECONDS": f"{WINDOW:.0f}",
}
SCAN_WITHIN = 1200.0
LOOK = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyNight:
    """What runs; the lines are enrolled and nothing is open yet."""

    lines: tuple[Character, ...]
    world: World
    hosts: Hosts
    books: Books
    asked: Asked

    @property
    def cloud(self) -> Cloud:
        return self.world.cloud

    def scan(self) -> None:
        """Have one complete scan; TimeoutError where none is."""
        known = {row["RowKey"] for row in self.books.rows("scans")}
        self.hosts.ask("nightly_scan")
        wait_until(lambda: _complete(self.books, known), SCAN_WITHIN, "the scan was not complete in time")

    def open(self) -> None:
        """Begin what the scan found due now, and not with the next minute."""
        self.hosts.ask("recover")


@contextmanager
def due_lines(count: int, asked: Asked) -> Iterator[tuple[World, tuple[Character, ...]]]:
    """Start the sandbox with applications whose lines a policy would enrol; no host runs."""
    with World(settings=SETTINGS, cloud=CountedCloud(asked), heard=asked.logged) as world:
        ends_at = world.cloud.clock.now() + ENDS_IN
        lines = tuple(
            Character(key=f"load-{number}", place=Place.VAULT, trouble=Trouble.NONE, personal=False, ends_at=ends_at)
            for number in range(1, count + 1)
        )
        world.start_cloud()
        move_in(world.cloud, lines)
        world.write_config(_enrolling(configuration(world.cloud, lines, nights=1), count))
        world.start_storage()
        _rehearsed(world)
        yield world, lines


@contextmanager
def busy_night(count: int) -> Iterator[BusyNight]:
    """Start everything, let the policies enrol so many lines, and end everything."""
    asked = Asked()
    with ExitStack() as open_ones:
        world, lines = open_ones.enter_context(due_lines(count, asked))
        history = History(world.cloud.clock)
        hosts = Hosts(world.cloud, world.settings(), folder=world.folder, history=history)
        open_ones.callback(hosts.stop)
        hosts.start()
        books = open_ones.enter_context(Books(world.storage, ca_file=world.cloud.ca_file))
        night = BusyNight(lines=lines, world=world, hosts=hosts, books=books, asked=asked)
        night.scan()
        yield night


def _rehearsed(world: World) -> None:
    """Note that a rehearsal has passed: policies enrol nothing before."""
    said = REHEARSED.columns(Rehearsed(passed_at=world.cloud.clock.now(), by="bench"))
    with TableServiceClient.from_connection_string(
        world.storage.connection_string, connection_verify=world.cloud.ca_file
    ) as tables:
        table = tables.create_table_if_not_exists(keys.CONTROL)
        table.upsert_entity({"PartitionKey": PARTITION, "RowKey": "rehearsed", **said})


def _enrolling(text: str, count: int) -> str:
    """Let every policy enrol by itself, and all lines be under way at once."""
    document: dict[str, Any] = yaml.safe_load(text)
    for policy in document["policies"]:
        policy["enrol"] = "auto"
    limits = {"opened_per_night": count, "open_at_once": count, "removed_per_night": count}
    document["limits"] = {**limits, "first_week": limits}
    changed: str = yaml.safe_dump(document, sort_keys=False)
    return changed


def _complete(books: Books, known: set[str]) -> bool:
    fresh = [json.loads(row["state"]) for row in books.rows("scans") if row["RowKey"] not in known]
    return any(each["complete"] for each in fresh) and all(each["finished_at"] for each in fresh)


def wait_until(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Look twice a second; TimeoutError with those words."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(LOOK)
