"""What a measured process says of itself at its end, as one line of JSON on standard output."""

import json
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KIB = 1024


def cpu_seconds() -> float:
    """Give what this process has used so far, its threads and its start included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """
    Give the most memory that this process ever held.

    Not `ru_maxrss`: that begins with what its parent held when it was started (getrusage(2), Linux: kept over exec).
    """
    status = dict(line.split(":", maxsplit=1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * KIB


@dataclass(slots=True)
class Stopwatch:
    """Begin it when all that is needed was imported."""

    cpu: float = field(default_factory=cpu_seconds)
    memory: int = field(default_factory=peak_bytes)
    wall: float = field(default_factory=time.perf_counter)

    def tell(self, **more: Any) -> None:
        """Write what was used: in all, and since the stopwatch began."""
        told = {
            "cpu": cpu_seconds(),
            "cpu_above_imports": cpu_seconds() - self.cpu,
            "peak": peak_bytes(),
            "peak_at_imports": self.memory,
            "wall": time.perf_counter() - self.wall,
            **more,
        }
        sys.stdout.write(json.dumps(told) + "\n")
