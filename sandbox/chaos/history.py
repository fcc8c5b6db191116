"""What happened in one run, told on the screen as it happens and again where a promise was broken."""

import threading
import time

from sandbox.shared import SandboxClock


class History:
    """Lines with the sandbox's time and the seconds since the run began; taken from any thread."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self.lines: list[str] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def note(self, text: str, *, aloud: bool = False) -> None:
        """Keep a line; *aloud* also shows it."""
        line = f"{self.seconds:6.1f} s  {self._clock.now():%Y-%m-%d %H:%M:%S}  {text}"
        with self._lock:
            self.lines.append(line)
        if aloud:
            print(line, flush=True)
