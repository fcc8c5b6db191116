"""`Hosts`: two Functions hosts over the app that are killed, frozen and started again, each under its own name."""

import os
import signal
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from sandbox.chaos.history import History
from sandbox.chaos.plants import PLANTED
from sandbox.cloud import Cloud
from sandbox.host.process import HostNotStartedError, HostProcess
from sandbox.running.world import ROOT

NAMES = ("one", "two")
_SPEED = ("--poll", "0.05", "--max-poll", "0.3", "--queue-visibility", "6", "--shutdown-seconds", "3")
_PATIENCE = 5.0
_STARTS = 5


@dataclass(slots=True, kw_only=True)
class Slot:
    """One of the hosts: `lives` counts its processes, `up` is the one that runs now, `since` (monotonic)."""

    name: str
    lives: int = 0
    up: HostProcess | None = None
    since: float = 0.0
    starting: "Future[None] | None" = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Hosts:
    """Start, kill, freeze; `kills` counts. May be called from any thread."""

    def __init__(self, cloud: Cloud, settings: Mapping[str, str], *, folder: Path, history: History) -> None:
        self._cloud = cloud
        self._settings = settings
        self._folder = folder
        self._history = history
        self._slots = {name: Slot(name=name) for name in NAMES}
        self._pool = ThreadPoolExecutor(len(NAMES))
        context = ssl.create_default_context(cafile=cloud.ca_file)
        self._client = httpx.Client(verify=context, timeout=_PATIENCE, trust_env=False)
        self._module = "sandbox.host"
        self.kills = 0

    def plant(self, name: str) -> None:
        """Break the app of every host that is started from now on (plants.py); an empty name breaks nothing."""
        if name:
            self._module = "sandbox.chaos.host"
            self._settings = {**self._settings, PLANTED: name}

    def start(self) -> None:
        """Start both, one beside the other."""
        for slot in self._slots.values():
            slot.starting = self._pool.submit(self._start, slot)
        self.all_up()

    def crash(self, name: str) -> bool:
        """Kill one with SIGKILL and start it again; False where it is down already."""
        slot = self._slots[name]
        with slot.lock:
            if slot.up is None:
                return False
            process, slot.up = slot.up, None
            process.kill()
            self.kills += 1
            slot.starting = self._pool.submit(self._start, slot)
        return True

    def process_ids(self) -> list[int]:
        """Give the processes that run now."""
        return [slot.up.process_id for slot in self._slots.values() if slot.up is not None]

    def both_up(self, seconds: float) -> bool:
        """Tell whether both have been up for so long."""
        now = time.monotonic()
        return all(slot.up is not None and now - slot.since >= seconds for slot in self._slots.values())

    def freeze(self, name: str, seconds: float) -> bool:
        """Stop one in the middle of whatever it does, and let it go on later; False where it is down."""
        process = self._slots[name].up
        if process is None:
            return False
        number = process.process_id
        os.kill(number, signal.SIGSTOP)
        threading.Timer(seconds, _go_on, [number]).start()
        return True

    def all_up(self) -> None:
        """Wait until both run; HostNotStartedError where one does not come up."""
        for slot in self._slots.values():
            while (starting := slot.starting) is not None and not (starting.done() and slot.up):
                starting.result()

    def move(self, delta: timedelta) -> None:
        """Move every clock: the cloud's first, then both hosts' at once."""
        self._cloud.clock.shift(delta)
        running = [slot.up for slot in self._slots.values() if slot.up is not None]
        with ThreadPoolExecutor(len(NAMES)) as pool:
            list(pool.map(self._tell_time, running))

    def ask(self, function: str) -> None:
        """Run a timer function now, on whichever host takes it."""
        for slot in self._slots.values():
            if slot.up is not None and self._post(slot.up, f"/admin/functions/{function}", {}):
                return

    def quiet(self) -> bool:
        """Tell whether both run and neither works on anything."""
        return all(slot.up is not None and self._idle(slot.up) for slot in self._slots.values())

    def stop(self) -> None:
        """End both for good."""
        for slot in self._slots.values():
            if slot.starting is not None:
                slot.starting.exception()
            if slot.up is not None:
                slot.up.stop(within_seconds=10)
        self._pool.shutdown()
        self._client.close()

    def _start(self, slot: Slot) -> None:
        """Start, again where the storage was away: Azure starts a host that ended as often as it takes."""
        for attempt in range(_STARTS):
            slot.lives += 1
            process = self._process(slot)
            try:
                process.start()
            except HostNotStartedError as error:
                self._history.note(f"host {slot.name} did not start: {str(error)[-200:]}")
                if attempt == _STARTS - 1:
                    raise
                time.sleep(1)
                continue
            # Before it is told the time: whoever moves the clock meanwhile tells it too.
            slot.since = time.monotonic()
            slot.up = process
            self._tell_time(process)
            return

    def _process(self, slot: Slot) -> HostProcess:
        cloud = self._cloud
        options = ["--control", cloud.urls["control"], "--cert", cloud.cert_file, "--key", cloud.key_file]
        options += ["--instance", f"host-{slot.name}", *_SPEED]
        folder = self._folder / f"host-{slot.name}-{slot.lives}"
        return HostProcess(ROOT, self._settings, folder=folder, arguments=options, module=self._module)

    def _tell_time(self, process: HostProcess) -> None:
        """Tell the time until it is heard and still true, or the host has gone."""
        while process.running:
            offset = self._cloud.clock.offset.total_seconds()
            heard = self._post(process, "/admin/clock", {"offset_seconds": offset})
            if heard and offset == self._cloud.clock.offset.total_seconds():
                return
            time.sleep(0.05)

    def _idle(self, process: HostProcess) -> bool:
        try:
            answer = self._client.get(
                f"{process.url}/admin/host/status",
                params={"recent": "0"},
                headers={"x-functions-key": process.master_key},
            )
            # It looks for work each second or two: that alone is no work.
            return set(answer.json()["running"]) <= {"recover"}
        except httpx.HTTPError:
            return False

    def _post(self, process: HostProcess, path: str, body: Mapping[str, float]) -> bool:
        try:
            answer = self._client.post(
                f"{process.url}{path}", json=dict(body), headers={"x-functions-key": process.master_key}
            )
        except httpx.HTTPError:
            return False
        return answer.is_success


def _go_on(number: int) -> None:
    try:
        os.kill(number, signal.SIGCONT)
    except ProcessLookupError:
        return
