"""A real HTTPS server with a certificate of a throw-away authority, in the test's own loop."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx
import trustme
import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to pytest."""
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Https:
    """Where it listens, and how to trust it."""

    url: str
    context: ssl.SSLContext
    authority: bytes = b""
    """The certificate of its throw-away authority, in PEM, for programs of others."""

    def open_client(self) -> httpx.AsyncClient:
        """Open a client that verifies certificates, as the program's does."""
        return httpx.AsyncClient(verify=self.context, trust_env=False)


@asynccontextmanager
async def https(app: ASGIApp) -> AsyncIterator[Https]:
    """Serve *app* on a free port of 127.0.0.1 for as long as the block lasts."""
    authority = trustme.CA()
    config = uvicorn.Config(
        app, ws="none", lifespan="off", log_config=None, log_level="critical", timeout_graceful_shutdown=1
    )
    config.load()
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(config.ssl)
    server = _Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listener]))
    await server.listens.wait()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    pem = authority.cert_pem.bytes()
    try:
        yield Https(url=f"https://localhost:{listener.getsockname()[1]}", context=context, authority=pem)
    finally:
        server.should_exit = True
        await serving
        listener.close()
