"""`make sandbox` serves a whole Azure, tells where it is, and leaves nothing behind."""

import asyncio
import logging
import os
import shlex
import signal
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from sandbox.entra.servers import Listener, Servers, make_certificates

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parent.parent.parent
NAMES = (
    "TENANT_ID AUTHORITY_HOST GRAPH_URL ARM_URL VAULT_URL CA_FILE STORAGE_CONNECTION_STRING FUNCTIONS_URL "
    "FUNCTIONS_KEY CONTROL_URL APP_CLIENT_ID APP_CLIENT_SECRET ADMIN_CLIENT_ID ADMIN_CLIENT_SECRET"
)


def _children(process_id: int) -> list[int]:
    """Every process below this one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, todo = [], [process_id]
    while todo:
        above = todo.pop()
        below = [pid for pid, parent in parents if parent == above]
        found += below
        todo += below
    return found


def _alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "env"


@pytest.fixture(scope="module")
def sandbox(env_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running sandbox."""
    command = [sys.executable, "-m", "sandbox.run", "--applications", "20", "--env-file", str(env_file)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 90
    while not env_file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    assert env_file.exists()
    yield process
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def environment(sandbox: subprocess.Popen[bytes], env_file: Path) -> dict[str, str]:
    lines = [shlex.split(line)[1].partition("=") for line in env_file.read_text().splitlines()]
    return {name: value for name, _, value in lines}


def test_the_env_file_names_every_address_and_is_its_owners_alone(environment: dict[str, str], env_file: Path) -> None:
    assert {f"SANDBOX_{name}" for name in NAMES.split()} <= environment.keys()
    assert {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AZURE_AUTHORITY_HOST"} <= environment.keys()
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_the_app_answers_behind_its_key(environment: dict[str, str]) -> None:
    context = ssl.create_default_context(cafile=environment["SANDBOX_CA_FILE"])
    with httpx.Client(base_url=environment["SANDBOX_FUNCTIONS_URL"], verify=context, trust_env=False) as client:
        refused = client.get("/api/lines")
        given = client.get("/api/lines", headers={"x-functions-key": environment["SANDBOX_FUNCTIONS_KEY"]}, timeout=30)
    assert refused.status_code == 401
    assert given.json()["lines"] == []


def test_the_command_line_of_the_sandbox_reads_its_tenant(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "sandbox.cli", "plan", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"applications": 38' in done.stdout


def test_when_it_is_ended_nothing_runs_on(
    sandbox: subprocess.Popen[bytes], environment: dict[str, str], env_file: Path
) -> None:
    below = _children(sandbox.pid)
    assert len(below) >= 2
    sandbox.send_signal(signal.SIGINT)
    assert sandbox.wait(timeout=30) == 0
    assert not any(_alive(process_id) for process_id in below)
    assert not env_file.exists()
    assert not Path(environment["SANDBOX_CA_FILE"]).exists()


async def test_a_request_that_is_cut_off_at_the_end_leaves_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C while the app waits for an answer of the sandbox."""
    begun = threading.Event()

    async def slow(_scope: object, _receive: object, _send: object) -> None:
        begun.set()
        await asyncio.sleep(60)

    heard: list[str] = []
    ear = logging.Handler()
    ear.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    listener = Listener(secure=False)
    servers = Servers(make_certificates(tmp_path))
    servers.start({"slow": (slow, listener)})
    logging.getLogger("uvicorn.error").addHandler(ear)
    async with httpx.AsyncClient(trust_env=False) as client:
        asked = asyncio.create_task(client.get(listener.url))
        await asyncio.to_thread(begun.wait, 10)
        await asyncio.to_thread(servers.stop)
        with suppress(httpx.HTTPError):
            await asked
    logging.getLogger("uvicorn.error").removeHandler(ear)
    assert heard == []


def test_without_a_sandbox_the_command_line_says_what_to_do(tmp_path: Path) -> None:
    strangers = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    nowhere = {**strangers, "SANDBOX_CONTROL_URL": "https://localhost:9", "SANDBOX_TENANT_ID": "t"}
    identity = {f"SANDBOX_{name}": "x" for name in ("ADMIN_CLIENT_ID", "ADMIN_CLIENT_SECRET", "APP_CLIENT_ID")}
    command = [sys.executable, "-m", "sandbox.cli", "status"]
    done = subprocess.run(
        command, cwd=ROOT, env={**nowhere, **identity}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "make sandbox" in done.stderr


def test_even_when_it_is_killed_nothing_runs_on(tmp_path: Path) -> None:
    env_file = tmp_path / "env"
    command = [sys.executable, "-m", "sandbox.run", "--applications", "5", "--env-file", str(env_file)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 90
    while not env_file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    below = _children(process.pid)
    process.kill()
    process.wait()
    until = time.monotonic() + 40
    while any(map(_alive, below)) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(below) >= 2
    assert not any(map(_alive, below))
