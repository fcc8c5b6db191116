"""`python -m sandbox.cli COMMAND ...`: the environment and the clock first, then the app's own command line."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sandbox.cli.identity import as_administrator
from sandbox.host.clock import ProcessClock
from sandbox.host.options import load_env_file

ENV_FILE = Path(__file__).parent.parent / ".run" / "env"
BATCH = "--batch"


def main(arguments: Sequence[str]) -> int:
    """Run one command with the terminal as it is, or many as JSON lines; gives the exit code."""
    if "SANDBOX_CONTROL_URL" not in os.environ:
        if not ENV_FILE.exists():
            print(
                "No sandbox is running: there is no sandbox/.run/env. Start one with `make sandbox`.", file=sys.stderr
            )
            return 1
        load_env_file(ENV_FILE)
    as_administrator(os.environ)
    try:
        clock = ProcessClock(_offset())
    except urllib.error.URLError as error:
        print(f"The sandbox does not answer ({error.reason}). Start it anew with `make sandbox`.", file=sys.stderr)
        return 1
    if arguments[:1] == [BATCH]:
        for answer in _batch(clock):
            print(json.dumps(answer), flush=True)
        return 0
    from rotation.cli.app import app  # noqa: PLC0415  # only now the clock is moved and the CA known

    app(arguments, prog_name="python -m sandbox.cli")
    return 0


def _offset() -> float:
    url = os.environ["SANDBOX_CONTROL_URL"]
    with urllib.request.urlopen(f"{url}/clock", timeout=10) as answer:  # noqa: S310  # the sandbox's own address
        return float(json.load(answer)["offset_seconds"])


def _batch(clock: ProcessClock) -> Iterator[dict[str, Any]]:
    """Answer each line, {"words", "answers"} in JSON, with {"code", "out", "error"}; first of all, that it is ready."""
    from typer.testing import CliRunner  # noqa: PLC0415  # as above

    from rotation.cli.app import app  # noqa: PLC0415  # as above

    yield {"code": 0, "out": "ready", "error": ""}
    runner = CliRunner()
    for line in sys.stdin:
        clock.set_offset(_offset())
        asked = json.loads(line)
        done = runner.invoke(app, asked["words"], input=asked["answers"], catch_exceptions=True)
        bug = done.exception if done.exception and not isinstance(done.exception, SystemExit) else None
        yield {"code": done.exit_code, "out": done.stdout, "error": done.stderr or (repr(bug) if bug else "")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
