"""Several HTTPS servers of ASGI applications in one background thread, on free ports of 127.0.0.1."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme
import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """A throw-away authority and one certificate of it for localhost and 127.0.0.1, as files."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def make_certificates(folder: Path) -> Certificates:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    made = Certificates(ca_file=folder / "ca.pem", cert_file=folder / "cert.pem", key_file=folder / "key.pem")
    authority.cert_pem.write_to_path(str(made.ca_file))
    for number, part in enumerate(leaf.cert_chain_pems):
        part.write_to_path(str(made.cert_file), append=number > 0)
    leaf.private_key_pem.write_to_path(str(made.key_file))
    made.key_file.chmod(0o600)
    return made


class Listener:
    """A free port, taken at once so that addresses are known before anything runs."""

    def __init__(self, *, secure: bool = True, port: int = 0) -> None:
        self.secure = secure
        # With the protocol named: asyncio turns Nagle's algorithm off only then, which saves 40 ms an answer.
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port: int = self.socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Give the address; plain http only ever by number, as App Service gives it."""
        return f"https://localhost:{self.port}" if self.secure else f"http://127.0.0.1:{self.port}"


def _not_of_the_end(record: logging.LogRecord) -> bool:
    """Leave out that requests under way were cut off: whoever ends the sandbox means that."""
    cut_off = record.exc_info is not None and record.exc_info[0] is asyncio.CancelledError
    return not cut_off and "timeout graceful shutdown exceeded" not in str(record.msg)


class Servers:
    """Run the applications until stopped."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._servers: list[tuple[uvicorn.Server, Listener]] = []
        self._thread: threading.Thread | None = None

    def start(self, applications: Mapping[str, tuple[ASGIApp, Listener]]) -> None:
        """Start all and wait until each takes connections; TimeoutError otherwise."""
        self._servers = [(self._server(app, listener), listener) for app, listener in applications.values()]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not all(server.started for server, _ in self._servers):
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError("the sandbox's servers did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        log = logging.getLogger("uvicorn.error")
        log.addFilter(_not_of_the_end)
        for server, _ in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        log.removeFilter(_not_of_the_end)
        for _, listener in self._servers:
            listener.socket.close()
        self._servers, self._thread = [], None

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[listener.socket]) for server, listener in self._servers))

    def _server(self, app: ASGIApp, listener: Listener) -> uvicorn.Server:
        secure = listener.secure
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
            backlog=512,
            ssl_certfile=str(self._certificates.cert_file) if secure else None,
            ssl_keyfile=str(self._certificates.key_file) if secure else None,
        )
        return uvicorn.Server(config)
