"""`Terminal`: the app's own command line, kept open, for what people of the tenant do in the demo."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.running.world import ROOT, World

_TRY_AGAIN = 4
"""The command line's exit code where it says itself that one should try again in a moment."""
_TRIES = 5
_PAUSE = 1.0


class CommandFailed(Exception):
    """A command that had to succeed did not; the message carries its words and what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended, and what it said."""

    code: int
    out: str
    error: str


class Terminal:
    """Runs commands in one process; `heard` is everything that it ever said, for the leak search."""

    def __init__(self, world: World, environment: Mapping[str, str]) -> None:
        # Without a PATH no Azure CLI of this machine is found: it would name its own user in the audit trail.
        settings = {**environment, **world.environment(), "PATH": ""}
        self.heard: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.cli", "--batch"],
            cwd=ROOT,
            env=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> None:
        """Wait until it has loaded."""
        self._read()

    def ask(self, *words: str, by: str = "") -> Any:
        """Run one command and give the JSON that it prints; CommandFailed when it refuses."""
        full = [*words, *(["--as", by] if by else []), "--json"]
        for _try in range(_TRIES):
            answer = self.type(*full)
            if answer.code != _TRY_AGAIN:
                break
            time.sleep(_PAUSE)
        if answer.code != 0:
            raise CommandFailed(f"rotation {' '.join(full)} ended with {answer.code}: {answer.error or answer.out}")
        return json.loads(answer.out)

    def type(self, *words: str, answers: str = "") -> Answer:
        """Run one command as it is, with *answers* to whatever it asks."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"words": words, "answers": answers}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CommandFailed(f"the command line ended with {self._process.wait()}")
        self.heard.append(line)
        return Answer(**json.loads(line))

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
