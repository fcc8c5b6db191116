"""Start and end hosts as processes of their own, for the demo and for tests."""

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parent.parent.parent


class HostNotStartedError(Exception):
    """Carry what a host said when it ended instead of listening; `code` is its exit code."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class HostProcess:
    """
    One host over one app until `stop()` (it finishes what runs) or `kill()` (SIGKILL); a context manager.

    `settings` come on top of this process's environment. `arguments` are further options of `python -m sandbox.host`,
    or of another *module* that takes the same.
    `folder`, one a host, takes its log, its ready line and what it says on stderr.
    """

    def __init__(
        self,
        app: Path,
        settings: Mapping[str, str],
        *,
        folder: Path,
        arguments: Sequence[str] = (),
        module: str = "sandbox.host",
    ) -> None:
        self._app = app
        self._module = module
        self._settings = settings
        self._arguments = arguments
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return str(self._ready["listening"])

    @property
    def master_key(self) -> str:
        return str(self._ready["master_key"])

    @property
    def function_key(self) -> str:
        return str(self._ready["function_key"])

    @property
    def process_id(self) -> int:
        return int(self._ready["pid"])

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def logs(self) -> list[dict[str, Any]]:
        """Return the log lines so far, unless `--log-file` sent them elsewhere."""
        log = self._folder / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def start(self, *, within_seconds: float = 60) -> Self:
        """Start and wait until it listens and its timers are armed; HostNotStartedError with its own words."""
        ready, log, said = (self._folder / name for name in ("ready", "log", "stderr"))
        self._folder.mkdir(parents=True, exist_ok=True)
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", self._module, "--app", str(self._app)]
        command += ["--tether", "--ready-file", str(ready), "--log-file", str(log), *self._arguments]
        with said.open("wb") as stderr:
            environment = os.environ | dict(self._settings)
            self._process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdin=subprocess.PIPE, stderr=stderr)
        atexit.register(self.kill)
        until = time.monotonic() + within_seconds
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                code = self._process.poll()
                self.kill()
                raise HostNotStartedError(said.read_text().strip() or "The host was not ready in time.", code)
            time.sleep(0.02)
        self._ready = json.loads(ready.read_text())
        return self

    def stop(self, *, within_seconds: float = 40) -> int:
        """Ask it to end, wait, and return its exit code; killed when it takes too long."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            return self._process.wait(timeout=within_seconds)
        except subprocess.TimeoutExpired:
            return -9
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would; it can be started again."""
        atexit.unregister(self.kill)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()
