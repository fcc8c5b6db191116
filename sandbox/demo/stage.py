"""`Stage`: the world of one demo with everything that the scenes use, started with progress and always ended."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.demo.screen import Screen
from sandbox.demo.terminal import Terminal
from sandbox.running.books import Books
from sandbox.running.world import World
from sandbox.tenant.cast.members import CastMember
from sandbox.tenant.model import Tenant

SETTINGS = {
    "RECOVER_SCHEDULE": "* * * * * *",
    "ROTATION_LOOK_SPACING_SECONDS": "1",
    # Run by hand, when the night's scan is through: a moved clock would start everything at once.
    "WEEKLY_SCHEDULE": "0 0 4 29 2 *",
    "DIGEST_SCHEDULE": "0 0 7 29 2 *",
}
HOST = ("--poll", "0.05", "--max-poll", "0.2")
HURRIED = frozenset({"planned", "minting", "staged", "proven", "published"})
QUEUES = ("scans", "rotations", "deliveries", "notices")
_LONGEST = 45.0


class NeverQuiet(Exception):
    """The app went on for longer than it ever should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running world, the people's terminal, and storage as it is."""

    world: World
    screen: Screen
    terminal: Terminal
    books: Books
    tenant: Tenant
    members: Sequence[CastMember]

    @property
    def own_client_ids(self) -> frozenset[str]:
        """Name the sandbox's own identities: they stand in the directory too, and are no part of the tenant."""
        cloud = self.world.cloud
        receivers = cloud.downstream.identity
        return frozenset(
            (cloud.app[0], cloud.admin[0], self.world.sign_in_client, *((receivers.client_id,) if receivers else ()))
        )

    def ask(self, path: str) -> Any:
        """GET something of the app's HTTP API."""
        answer = self.world.admin.get(f"/api/{path}")
        answer.raise_for_status()
        return answer.json()

    def lines(self) -> list[dict[str, Any]]:
        """Give every enrolled line as the API lists it."""
        found: list[dict[str, Any]] = self.ask("lines")["lines"]
        return found

    def run_now(self, function: str) -> None:
        """Run a timer function through the host's administration, as Azure's portal does."""
        self.world.admin.post(f"/admin/functions/{function}").raise_for_status()

    def finished(self, function: str) -> int:
        """Count how often a function has ended."""
        return sum(self._status()["functions"].get(function, {}).values())

    def wait_until_quiet(self) -> None:
        """
        Wait until nothing runs and nothing waits in a queue; NeverQuiet after 45 s.

        Twice in a row, because a message travels between two looks.
        """
        until = time.monotonic() + _LONGEST
        calm = 0
        while calm < 2:
            if time.monotonic() > until:
                raise NeverQuiet(f"after {_LONGEST:.0f} s the app was still at {', '.join(self._status()['running'])}")
            calm = calm + 1 if self._is_quiet() else 0
            time.sleep(0.06)

    def wait_until_nothing_is_under_way(self) -> None:
        """Wait until each rotation stands where only time or a person helps: then clocks may be moved."""
        until = time.monotonic() + _LONGEST
        self.wait_until_quiet()
        while self._opening() or any(map(_under_way, self.lines())):
            if time.monotonic() > until:
                raise NeverQuiet(f"after {_LONGEST:.0f} s a rotation was still under way")
            time.sleep(0.3)
            self.wait_until_quiet()

    def _opening(self) -> bool:
        """Tell whether the night still has something to open."""
        rows = [row for row in self.books.rows("control") if row["RowKey"] == "night"]
        return any(json.loads(row["state"])["state"] in {"canary", "opening"} for row in rows)

    def _is_quiet(self) -> bool:
        return bool(self._status()["quiet"]) and not any(self.books.waiting(queue) for queue in QUEUES)

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.world.admin.get("/admin/host/status", params={"recent": "0"}).json()
        return status

    def move(self, delta: timedelta) -> None:
        """Move all clocks."""
        self.world.move(delta)


def _under_way(line: Mapping[str, Any]) -> bool:
    """Tell whether it moves by itself; what is expired says so first, whatever its phase."""
    return line["state"] == "under-way" or line["phase"] in HURRIED


@contextmanager
def staged(screen: Screen, world: World, tenant: Tenant, *, members: Sequence[CastMember]) -> Iterator[Stage]:
    """Start what is left to start once the cloud runs and everybody has moved in; end all of it."""
    with screen.working("storage: Microsoft's own emulator, over HTTPS"):
        world.start_storage()
    # From here on: what was started is ended, in the other order.
    terminal = Terminal(world, {})
    try:
        with screen.working("the app on Microsoft's Python worker, with a managed identity"):
            _start_together(world, terminal)
        with Books(world.storage, ca_file=world.cloud.ca_file) as books:
            yield Stage(
                world=world, screen=screen, terminal=terminal, books=books, tenant=tenant, members=tuple(members)
            )
    finally:
        terminal.stop()


def _start_together(world: World, terminal: Terminal) -> None:
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(terminal.ready)
        world.start_host(arguments=HOST)
        ready.result()
