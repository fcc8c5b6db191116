"""Many due lines through two hosts under a write quota: calls a rotation, refusals, time, CPU (docs/performance.md)."""

import os
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rotation.domain.credential import Marker
from sandbox.chaos import ledger
from sandbox.chaos.ledger import Ledger
from sandbox.entra.truth import Minted
from sandbox.running.world import World
from tests.bench.asked_of_services import HOSTS_OWN, Asked
from tests.bench.busy_night import LOOK, WINDOW, BusyNight, busy_night
from tests.bench.figures import Figure
from tests.bench.scan_cost import Effort

SHARES, AT_LEAST = 15, 8
"""
So much of the lines' writes goes in each window: the quota dictates the time, not the machine.

The smallest tenant leaves an app 3,000 writes in 150 s (platform.md A6), which no night of 300 lines reaches.
"""
PATIENCE = 600.0
PATIENCE_A_LINE = 2.0
NOT_YET = 3.0
"""Seconds between two readings of the ledger, once every destination holds something new."""
SETTLED = frozenset({"overlapping", "completed"})
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of it. CPU and `wall` are seconds of the rotations alone: enrolment and scan came before."""

    lines: int
    now: Ledger
    doubled: list[str]
    asked: Asked
    wall: float
    hosts_cpu: float
    sandbox_cpu: float

    @property
    def settled(self) -> int:
        """Count the rotations that nobody has to look at before the overlap is over."""
        moving = set(self.now.moving())
        standing = {ulid for ulid, each in self.now.rotations.items() if each["phase"]["phase"] in SETTLED}
        return len(standing - moving)


def rotation_figures(effort: Effort) -> Iterator[Figure]:
    """Rotate that many lines and give what it took."""
    with busy_night(effort.lines) as night:
        night.scan()
        load = _run(night)
    yield Figure(name="rotations-settled", value=load.settled, unit="lines", goal=load.lines, at_least=True)
    yield Figure(name="rotations-done-twice", value=len(load.doubled), unit="lines", goal=0)
    for (service, kind), count in sorted(load.asked.counts.items()):
        value, unit = (count / load.wall, "a second") if service == HOSTS_OWN else (count / load.lines, "a rotation")
        yield Figure(name=f"rotations-calls {service} {kind}", value=value, unit=unit)
    yield from _throttling(load)
    yield Figure(name="rotations-cpu-hosts", value=1000 * load.hosts_cpu / load.lines, unit="ms CPU a rotation")
    yield Figure(name="rotations-cpu-sandbox", value=1000 * load.sandbox_cpu / load.lines, unit="ms CPU a rotation")


def _throttling(load: Load) -> Iterator[Figure]:
    graph = load.asked.of("Graph")
    refused = load.asked.refused["Graph"]
    taken = load.asked.counts["Graph", "writes"] - refused
    dictated = max(0, taken - 1) // _writes_a_window(load.lines) * WINDOW
    share = 100 * refused / max(1, graph)
    yield Figure(name="rotations-graph-refused", value=share, unit="% of Graph requests (429)", goal=1)
    yield Figure(name="rotations-wall", value=load.wall, unit="s")
    yield Figure(name="rotations-quota-dictates", value=dictated, unit="s")
    if dictated:
        yield Figure(name="rotations-wall-over-quota", value=load.wall / dictated, unit="times", goal=1.25)


def _writes_a_window(lines: int) -> int:
    return max(AT_LEAST, round(lines / SHARES))


def _run(night: BusyNight) -> Load:
    """Open everything under the quota and wait until all is settled, or for as long as there is patience."""
    quota = {"limit": _writes_a_window(len(night.lines)), "window_seconds": WINDOW}
    night.cloud.entra.behaviour.update({"write_quota": quota})
    processes = night.hosts.process_ids()
    night.asked.listening = True
    cpu, own, began = _cpu_of(processes), sandbox_cpu(night.world), time.monotonic()
    night.open()
    now = _settle(night, until=began + PATIENCE + PATIENCE_A_LINE * len(night.lines))
    night.asked.listening = False
    return Load(
        lines=len(night.lines),
        now=now,
        doubled=list(_doubled(night, now)),
        asked=night.asked,
        wall=time.monotonic() - began,
        hosts_cpu=_cpu_of(processes) - cpu,
        sandbox_cpu=sandbox_cpu(night.world) - own,
    )


def _settle(night: BusyNight, *, until: float) -> Ledger:
    """Wait without asking storage as long as what the destinations hold says that there is more to come."""
    while time.monotonic() < until and _arrived(night) < len(night.lines):
        time.sleep(LOOK)
    while True:
        night.asked.listening = False
        now = ledger.read(night.books)
        night.asked.listening = True
        if time.monotonic() > until or (len(now.rotations) >= len(night.lines) and not now.moving()):
            return now
        time.sleep(NOT_YET)


def _arrived(night: BusyNight) -> int:
    """Count the destinations that hold a new secret."""
    return sum(held > 0 for held in _counting(night, "vault2", _texts(night)).values())


def _doubled(night: BusyNight, now: Ledger) -> Iterator[str]:
    """Name what is there twice: a line's rotation, its credential, the version that counts. One that lacks is unsettled."""
    rotations = Counter(ledger.application_of(each) for each in now.rotations.values())
    minted = Counter(each.object_id for each in _minted(night))
    texts = _texts(night)
    ours, theirs = (_counting(night, vault, texts) for vault in ("vault", "vault2"))
    for line in night.lines:
        counts = (rotations[line.object_id], minted[line.object_id], ours[line.vault_secret], theirs[line.key])
        if max(counts) > 1:
            yield "{}: {} rotations, {} credentials, {} and {} versions".format(line.key, *counts)


def _minted(night: BusyNight) -> list[Minted]:
    """Give what the app minted, removed or not."""
    with night.cloud.entra.directory.lock:
        credentials = list(night.cloud.entra.truth.minted.values())
    return [each for each in credentials if each.minted_by == night.cloud.app[0] and Marker.read(each.display_name)]


def _texts(night: BusyNight) -> set[str]:
    return {each.text for each in _minted(night) if each.text}


def _counting(night: BusyNight, vault: str, texts: set[str]) -> Counter[str]:
    """Count the enabled versions that hold one of these texts, by secret."""
    secrets = night.cloud.vaults[vault].listed().items()
    return Counter(
        name
        for name, secret in secrets
        for version in list(secret.versions.values())
        if version.enabled and version.text in texts
    )


def sandbox_cpu(world: World) -> float:
    """Give the CPU seconds of sandbox, measurer and storage so far: the first two share this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    storage = world.storage.process_id
    return used.ru_utime + used.ru_stime + _cpu_of([storage] if storage else [])


def _cpu_of(processes: list[int]) -> float:
    """Give the CPU seconds that running processes have used so far, their threads included."""
    return sum(_ticks(process) for process in processes) / _TICKS


def _ticks(process: int) -> int:
    after_name = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])
