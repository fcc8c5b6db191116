"""Run one host process from its options to its end."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator

import uvicorn

from sandbox.host.admin import build_asgi
from sandbox.host.clock import ProcessClock
from sandbox.host.failures import IndexFailureError
from sandbox.host.host import Host
from sandbox.host.journal import log_to
from sandbox.host.options import HostOptions, load_env_file

_LOG = logging.getLogger("sandbox.host")
_AZURE_SETTINGS = {"FUNCTIONS_WORKER_RUNTIME": "python", "AZURE_FUNCTIONS_ENVIRONMENT": "Development"}


class _Server(uvicorn.Server):
    """Leave signals to us: SIGTERM drains before the server ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(options: HostOptions) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code: 1 when the app cannot be indexed, 2 for a bug here."""
    if options.env_file:
        load_env_file(options.env_file)
    for name, value in _AZURE_SETTINGS.items():
        os.environ.setdefault(name, value)
    if options.sign_in_client:
        os.environ["WEBSITE_AUTH_ENABLED"] = "True"
    log_to(options.log_file)
    clock = ProcessClock(_offset(options.control))
    os.chdir(options.app)
    host = Host(options, clock)
    code = asyncio.run(_serve(host))
    if host.abandoned:
        # The interpreter would wait for ever for the thread of a blocked function.
        logging.shutdown()
        os._exit(code)
    return code


def _offset(control: str | None) -> float:
    """Ask the sandbox's control address how far its clock is moved."""
    if control is None:
        return 0.0
    with urllib.request.urlopen(f"{control.rstrip('/')}/clock", timeout=10) as answer:  # noqa: S310 - the address is the sandbox's own
        return float(json.load(answer)["offset_seconds"])


async def _serve(host: Host) -> int:
    try:
        await host.load()
    except IndexFailureError as error:
        _LOG.error("The app cannot be indexed: %s", error, extra={"fields": {"problems": error.problems}})
        print(error, file=sys.stderr, flush=True)
        await host.close()
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, host.stop.set)
    if host.options.tether:
        _tether(asyncio.get_running_loop(), host)
    await _listen(host)
    await host.close()
    return 2 if host.crashed else 0


def _tether(loop: asyncio.AbstractEventLoop, host: Host) -> None:
    """Stop when standard input ends, which it also does when our parent was killed and could not say so."""

    def watch() -> None:
        # Not through sys.stdin, whose lock this thread would still hold when the interpreter ends.
        while os.read(0, 1024):
            pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(host.stop.set)

    threading.Thread(target=watch, name="tether", daemon=True).start()


async def _listen(host: Host) -> None:
    options = host.options
    listening = socket.create_server(("127.0.0.1", options.port))
    server = _Server(
        uvicorn.Config(
            build_asgi(host),
            log_config=None,
            access_log=False,
            lifespan="off",
            ssl_certfile=options.cert,
            ssl_keyfile=options.key,
            timeout_graceful_shutdown=round(options.shutdown_seconds),
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(host.stop.wait())
    starting = asyncio.create_task(host.start())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        _announce(host, listening.getsockname()[1])
        await stopping
    await _end(host, server, serving)


async def _end(host: Host, server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    try:
        async with asyncio.timeout(host.options.shutdown_seconds):
            await asyncio.gather(host.drain(), serving)
    except TimeoutError:
        _LOG.warning("Stopped with %d invocations under way", len(host.journal.under_way))
        host.abandoned = True


def _announce(host: Host, port: int) -> None:
    options = host.options
    line = {
        "listening": f"https://localhost:{port}" if options.cert else f"http://127.0.0.1:{port}",
        "pid": os.getpid(),
        "host_id": options.host_id,
        "instance": options.instance,
        "master_key": options.master_key,
        "function_key": options.function_key,
        "functions": list(host.functions),
    }
    if options.ready_file is None:
        print(json.dumps(line), flush=True)
        return
    draft = options.ready_file.with_suffix(".part")
    draft.write_text(json.dumps(line) + "\n", encoding="utf-8")
    draft.replace(options.ready_file)
