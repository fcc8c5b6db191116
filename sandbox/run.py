"""
`make sandbox`: a whole Azure on this machine, with the app in it, until Ctrl-C.

The addresses are in sandbox/.run/env as shell `export` lines; that file is gone when the sandbox is.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import yaml

from sandbox.cloud import export_lines, read_tenant
from sandbox.demo.configuration import configuration
from sandbox.host.process import HostNotStartedError
from sandbox.running.mail_sink import MailSink
from sandbox.running.settling import settle
from sandbox.running.world import World
from sandbox.shared import SandboxClock
from sandbox.storage import StorageUnavailable
from sandbox.tenant.cast import cast, with_cast
from sandbox.tenant.generator import generate
from sandbox.tenant.model import Tenant
from sandbox.tenant.refusal import NotATenant

ENV_FILE = Path(__file__).parent / ".run" / "env"
APPLICATIONS = 300
HOST = ("--poll", "0.1", "--max-poll", "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 1 when something could not be started."""
    parser = argparse.ArgumentParser(prog="make sandbox", description=__doc__)
    parser.add_argument("--applications", type=int, default=APPLICATIONS, help="beside the cast of the demo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inventory", type=Path, help="your own instead: the output of az ad app list --all -o json")
    parser.add_argument("--smtp", action="store_true", help="mails go through its mail server, not through Graph")
    parser.add_argument("--env-file", type=Path, default=ENV_FILE, help="where to write the addresses")
    asked = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a job that a script has put behind ignores it
        signal.signal(number, _end)
    try:
        made = read_tenant(asked.inventory) if asked.inventory else None
        around = made or _generated(asked.applications, asked.seed)
        serve(asked.env_file, around, wait=signal.pause, smtp=asked.smtp)
    except KeyboardInterrupt:
        print("Everything is ended.", flush=True)
    except (StorageUnavailable, HostNotStartedError, NotATenant, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _generated(applications: int, seed: int) -> Tenant:
    return generate(applications=applications, seed=seed, now=SandboxClock().now())


def serve(env_file: Path, around: Tenant, *, wait: Callable[[], object], smtp: bool = False) -> None:
    """Start everything with the demo's cast in a tenant, write the addresses, and end when *wait* returns or raises."""
    now = SandboxClock().now()
    members = cast(now)
    tenant = with_cast(around, now)
    with World(tenant) as world, MailSink(world.cloud) as sink:
        world.start_cloud()
        settle(world.cloud, members)
        text = configuration(world.cloud, members, tenant.default_domain)
        world.write_config(through(sink, text) if smtp else text)
        world.start_storage()
        world.start_host(arguments=HOST)
        write_private(env_file, export_lines({**world.environment(), **sink.environment()}))
        try:
            _greet(world, env_file)
            wait()
        finally:
            env_file.unlink(missing_ok=True)


def through(sink: MailSink, text: str) -> str:
    """Give a rotation.yaml whose mails go through the sandbox's mail server."""
    document = yaml.safe_load(text)
    document["reminders"]["smtp"] = sink.settings
    written: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return written


def _greet(world: World, env_file: Path) -> None:
    for name, url in {**world.cloud.urls, "functions": world.host.url, "storage": world.storage.blob_url}.items():
        print(f"{name:12} {url}")
    shown = env_file
    with suppress(ValueError):
        shown = env_file.resolve().relative_to(Path.cwd())
    print(f"\nDashboard: {world.url}  (sign in as anybody of that page; Alma Administrator may do everything)")
    print(f"Mails that were sent: {world.cloud.urls['control']}/inbox")
    print(f"Addresses and keys: {shown}")
    print("Try:  python -m sandbox.cli plan")
    print("Ctrl-C ends it and leaves nothing running.", flush=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads: it holds the sandbox's secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
