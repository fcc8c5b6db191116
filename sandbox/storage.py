"""Azurite: Microsoft's own storage emulator, as one process that never outlives ours."""

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Self

HOME = Path(__file__).parent
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account and its key: published by Microsoft, the same everywhere, no secret."""

_SCRIPT = HOME / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_OLDEST_NODE = 20
_READY = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (\S+)")
_SERVICES = frozenset(("Blob", "Queue", "Table"))
# Its standard input ends when we do, however we end: then it ends too, also where nobody could stop it.
_TETHER = (
    "const end = () => { process.kill(process.pid, 'SIGTERM'); setTimeout(() => process.exit(0), 5000).unref(); };"
    "process.stdin.on('end', end).on('error', end).resume().unref();"
    "require(process.argv[1]);"
)


class StorageUnavailable(Exception):
    """Azurite cannot be installed or started: the message says what, why and what to do."""


def ensure_installed(*, home: Path = HOME) -> None:
    """Run `npm ci` when what package.json pins is not installed; StorageUnavailable if it cannot."""
    _require_node()
    pinned: dict[str, str] = json.loads((home / "package.json").read_text())["dependencies"]
    if all(_installed(home, name) == version for name, version in pinned.items()):
        return
    if shutil.which("npm") is None:
        raise StorageUnavailable(
            "npm was not found, and Azurite is not installed: install Node.js 20 or newer with npm."
        )
    command = ["npm", "ci", "--no-progress", "--loglevel=error"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = " ".join((done.stderr or done.stdout).split())[-400:]
        raise StorageUnavailable(
            f"Azurite {pinned['azurite']} could not be installed, because npm ci failed ({reason}): "
            f"check npm's registry setting, then run `npm ci` in {home}."
        )


class Azurite:
    """
    Run Azurite on free ports of 127.0.0.1 until `stop()`; a context manager.

    With a certificate it serves HTTPS and takes bearer tokens (`--oauth basic`, platform.md L). Without a
    location everything is in memory and gone afterwards. `host` is the name in the addresses, one that the
    certificate is for. `heard` gets each line of the access log, from a thread of its own; without it there is none.
    """

    def __init__(
        self,
        *,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        location: Path | None = None,
        host: str = "127.0.0.1",
        heard: Callable[[str], None] | None = None,
    ) -> None:
        self._heard = heard
        self._cert_file = cert_file
        self._key_file = key_file
        self._location = location
        self._host = host
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None
        self._urls: dict[str, str] = {}

    @property
    def blob_url(self) -> str:
        return self._urls["Blob"]

    @property
    def queue_url(self) -> str:
        return self._urls["Queue"]

    @property
    def table_url(self) -> str:
        return self._urls["Table"]

    @property
    def connection_string(self) -> str:
        scheme = self.blob_url.partition(":")[0]
        return (
            f"DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.blob_url};QueueEndpoint={self.queue_url};TableEndpoint={self.table_url};"
        )

    @property
    def process_id(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self, *, within_seconds: float = 60) -> Self:
        """Start and wait until all services listen, or raise StorageUnavailable with Azurite's own words."""
        ensure_installed()
        self._process = subprocess.Popen(
            ["node", "-e", _TETHER, str(_SCRIPT), *self._options()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A Ctrl-C at our terminal is ours to handle: storage goes last.
            start_new_session=True,
        )
        atexit.register(self.stop)
        try:
            self._wait(self._process, until=time.monotonic() + within_seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the process and wait for its end; harmless when it has ended."""
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._reader is not None:
            self._reader.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def _options(self) -> list[str]:
        options = ["--skipApiVersionCheck", "--disableTelemetry"]
        if self._heard is None:
            options.append("--silent")
        for service in ("blob", "queue", "table"):
            options += [f"--{service}Host", "127.0.0.1", f"--{service}Port", "0"]
        if self._location is None:
            options.append("--inMemoryPersistence")
        else:
            self._location.mkdir(parents=True, exist_ok=True)
            options += ["--location", str(self._location)]
        if self._cert_file is not None and self._key_file is not None:
            options += ["--oauth", "basic", "--cert", str(self._cert_file), "--key", str(self._key_file)]
        return options

    def _wait(self, process: subprocess.Popen[str], *, until: float) -> None:
        assert process.stdout is not None
        lines: SimpleQueue[str | None] = SimpleQueue()
        # One reader for all its life: a pipe that nobody empties would stop Azurite some day.
        self._reader = Thread(target=_pump, args=(process.stdout, self._told(lines)), daemon=True)
        self._reader.start()
        said: list[str] = []
        while not self._urls.keys() >= _SERVICES:
            try:
                line = lines.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                raise StorageUnavailable(_failure("it was not ready in time", said)) from None
            if line is None:
                raise StorageUnavailable(_failure("it ended at start", said))
            said.append(line.strip())
            if ready := _READY.match(line):
                self._urls[ready[1]] = f"{ready[2].replace('127.0.0.1', self._host)}/{ACCOUNT}"

    def _told(self, lines: "SimpleQueue[str | None]") -> Callable[[str | None], None]:
        """Give every line to who waits for the start, and then to who listens to the access log."""

        def tell(line: str | None) -> None:
            if line is not None and self._heard is not None and self._urls.keys() >= _SERVICES:
                self._heard(line)
            else:
                lines.put(line)

        return tell


def _pump(stream: IO[str], give: Callable[[str | None], None]) -> None:
    for line in stream:
        give(line)
    give(None)


def _failure(why: str, said: list[str]) -> str:
    words = " | ".join(said[-3:]) or "it said nothing"
    return f"Azurite did not start, because {why} ({words}): try again, or run it by hand."


def _require_node() -> None:
    advice = f"install Node.js {_OLDEST_NODE} or newer (nodejs.org, nvm or your package manager)."
    if shutil.which("node") is None:
        raise StorageUnavailable(f"node was not found, and Azurite (the sandbox's storage) runs on it: {advice}")
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    major = re.match(r"v(\d+)\.", done.stdout)
    if major is None or int(major[1]) < _OLDEST_NODE:
        raise StorageUnavailable(
            f"node is {done.stdout.strip() or 'broken'}, too old for Azurite (the sandbox's storage): {advice}"
        )


def _installed(home: Path, name: str) -> str | None:
    manifest = home / "node_modules" / name / "package.json"
    # npm writes this lock last: without it an installation was broken off.
    finished = home / "node_modules" / ".package-lock.json"
    if not manifest.exists() or not finished.exists():
        return None
    version = json.loads(manifest.read_text())["version"]
    return version if isinstance(version, str) else None
