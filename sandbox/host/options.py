"""What `python -m sandbox.host` can be told."""

import argparse
import hashlib
import os
import secrets
import shlex
import uuid
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """
    How to run one app.

    `poll` and `max_poll` are seconds between looks at an empty queue; `queue_visibility`, `lock_seconds` and
    `shutdown_seconds` are seconds. A host restarted under the same `instance` has its timer leases back at once. With a
    `sign_in_client` App Service's sign-in stands before the app.
    """

    app: Path
    port: int
    env_file: Path | None
    control: str | None
    host_id: str
    instance: str
    master_key: str
    function_key: str
    cert: Path | None
    key: Path | None
    ready_file: Path | None
    log_file: Path | None
    queue_visibility: int
    poll: float
    max_poll: float | None
    lock_seconds: int
    shutdown_seconds: float
    tether: bool
    sign_in_client: str
    sign_in_authority: str
    sign_in_tenant: str


def parse(arguments: Sequence[str]) -> HostOptions:
    """Read the command line; argparse ends the process on a mistake."""
    values = vars(_parser().parse_args(arguments))
    app = values["app"].resolve()
    values["app"] = app
    if not values["host_id"]:
        values["host_id"] = f"sandbox-{hashlib.sha256(str(app).encode()).hexdigest()[:12]}"
    for path in ("env_file", "cert", "key", "ready_file", "log_file"):
        values[path] = values[path].resolve() if values[path] else None
    return HostOptions(**values)


def load_env_file(path: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Take over `NAME=value` lines in shell quoting, with or without `export`; `#` begins a comment line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = shlex.split(line, comments=False) if not line.lstrip().startswith("#") else []
        for word in words[1:] if words[:1] == ["export"] else words:
            name, equals, value = word.partition("=")
            if equals:
                environment[name] = value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.host", description="Run one Azure Functions app.")
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--env-file", type=Path, help="settings as NAME=value lines, before anything else")
    parser.add_argument("--control", help="the sandbox's control address, asked for the clock's offset")
    parser.add_argument("--host-id", default="", help="hosts with one id share their timers")
    parser.add_argument("--instance", default=f"instance-{uuid.uuid4().hex[:8]}")
    parser.add_argument("--master-key", default=secrets.token_urlsafe(24))
    parser.add_argument("--function-key", default=secrets.token_urlsafe(24))
    parser.add_argument("--cert", type=Path, help="certificate chain: serve HTTPS on localhost")
    parser.add_argument("--key", type=Path, help="private key of --cert")
    parser.add_argument("--ready-file", type=Path, help="where to write the ready line instead of stdout")
    parser.add_argument("--log-file", type=Path, help="where to write JSON log lines instead of stderr")
    parser.add_argument("--queue-visibility", type=int, default=600)
    parser.add_argument("--poll", type=float, default=0.2)
    parser.add_argument("--max-poll", type=float, help="default: host.json's maxPollingInterval, else 2")
    parser.add_argument("--lock-seconds", type=int, default=15, choices=range(15, 61), metavar="15..60")
    parser.add_argument("--shutdown-seconds", type=float, default=30)
    parser.add_argument("--sign-in-client", default="", help="client id of the sign-in that stands before the app")
    parser.add_argument("--sign-in-authority", default=os.environ.get("AZURE_AUTHORITY_HOST", ""))
    parser.add_argument("--sign-in-tenant", default=os.environ.get("ROTATION_TENANT_ID", ""))
    parser.add_argument("--tether", action="store_true", help="end when standard input does: when who started us ends")
    return parser
