"""What a rotation costs over its bare calls, and what a second instance brings (docs/performance.md, Rotations)."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.chaos import ledger
from sandbox.running.books import Books
from sandbox.running.world import World
from tests.bench.asked_of_services import Asked
from tests.bench.busy_night import due_lines
from tests.bench.figures import Figure
from tests.bench.rotation_load import SETTLED, sandbox_cpu
from tests.bench.scan_cost import Effort
from tests.bench.stage import run_measured

LINES, AT_ONCE, ROUND_TRIP = 8, 2, 0.1


def rotation_cpu_figures(effort: Effort) -> Iterator[Figure]:
    """Rotate a few lines, one message at a time, and make the same calls again without any workflow."""
    lines = min(effort.lines, LINES)
    with due_lines(1 + lines, Asked()) as (world, characters):
        environment = _environment(world)
        before = sandbox_cpu(world)
        one = run_measured("instance", ["1", "0", *(each.object_id for each in characters)], environment)
        sandbox = sandbox_cpu(world) - before
    yield Figure(name="rotation-cpu-over-bare", value=one["handling"] / one["bare"], unit="times", goal=1.3, ratio=True)
    yield Figure(name="rotation-cpu", value=1000 * one["handling"] / lines, unit="ms CPU a rotation")
    yield Figure(name="rotation-cpu-bare", value=1000 * one["bare"] / lines, unit="ms CPU a rotation")
    whole = sandbox + one["cpu"]
    yield Figure(
        name="rotation-cpu-sandbox-share", value=100 * sandbox / whole, unit="% of all CPU, bare calls included"
    )
    for label, count in sorted(one["calls"].items()):
        yield Figure(name=f"rotation-calls {label}", value=count / lines, unit="a rotation")


def instance_figures(_effort: Effort) -> Iterator[Figure]:
    """Rotate the same lines by one instance and by two, over a slow wire."""
    one = _night(1)
    two = _night(2)
    yield Figure(name="instances-two-over-one", value=two["wall"] / one["wall"], unit="times", goal=0.6, ratio=True)
    yield Figure(
        name="instances-lines-settled",
        value=one["settled"] + two["settled"],
        unit="lines",
        goal=2 * LINES,
        at_least=True,
    )
    share = one["instances"][0]["cpu_above_imports"] / one["wall"]
    yield Figure(name="rotation-cpu-alone-share", value=share, unit="of the time, one instance", goal=0.5)
    travelled = sum(one["instances"][0]["calls"].values()) * ROUND_TRIP / AT_ONCE
    yield Figure(name="instances-one-over-round-trips", value=one["wall"] / travelled, unit="times")
    for name, told in (("one", one), ("two", two)):
        yield Figure(name=f"instances-{name}-wall", value=told["wall"], unit="s")
        whole = told["sandbox"] + sum(each["cpu"] for each in told["instances"])
        yield Figure(name=f"instances-{name}-sandbox-share", value=100 * told["sandbox"] / whole, unit="% of all CPU")


def _environment(world: World) -> dict[str, str]:
    return {**os.environ, **world.settings(), "SSL_CERT_FILE": world.cloud.ca_file}


def _night(instances: int) -> dict[str, Any]:
    with due_lines(LINES, Asked()) as (world, characters):
        environment = _environment(world)
        run_measured("open_rotations", [each.object_id for each in characters], environment)
        before = sandbox_cpu(world)
        told = _side_by_side(instances, [str(AT_ONCE), str(ROUND_TRIP)], environment)
        used = sandbox_cpu(world) - before
        with Books(world.storage, ca_file=world.cloud.ca_file) as books:
            rotations = ledger.read(books).rotations.values()
    return {
        "instances": told,
        "sandbox": used,
        "wall": max(each["ended"] for each in told) - min(each["began"] for each in told),
        "settled": sum(each["phase"]["phase"] in SETTLED for each in rotations),
    }


def _side_by_side(count: int, arguments: Sequence[str], environment: Mapping[str, str]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(run_measured, "instance", arguments, environment) for _each in range(count)]
        return [each.result() for each in running]
