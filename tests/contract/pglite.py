"""
PGlite: PostgreSQL itself, compiled for Node, without root and without a port; behind a front with TLS and passwords.

    psycopg --TLS--> front (password, faults) --> PGlite (one session at a time)
"""

import asyncio
import atexit
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

import trustme

from sandbox.storage import HOME, ensure_installed

SOCKET = ".s.PGSQL.5432"
TLS_WANTED = 80877103
COMMIT = b"COMMIT"
# It ends with its standard input, however we end.
_SERVER = f"""
import {{ PGlite }} from "@electric-sql/pglite";
import {{ PGLiteSocketServer }} from "@electric-sql/pglite-socket";
process.stdin.on("end", () => process.exit(0)).resume();
const server = new PGLiteSocketServer({{ db: await PGlite.create(), path: process.argv[1] + "/{SOCKET}", maxConnections: 20 }});
await server.start();
console.log("listens");
"""


@cache
def pglite() -> Path:
    """Start it once for a test run, and give the folder of its socket."""
    ensure_installed()
    folder = Path(mkdtemp(prefix="pglite-"))
    running = subprocess.Popen(
        ["node", "--input-type=module", "-e", _SERVER, str(folder)],
        cwd=HOME,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    atexit.register(_stop, running, folder)
    assert running.stdout is not None
    said = running.stdout.readline()
    assert said == "listens\n", said + running.stdout.read()
    return folder


def _stop(running: subprocess.Popen[str], folder: Path) -> None:
    running.kill()
    running.wait()
    for pipe in (running.stdin, running.stdout):
        assert pipe is not None
        with suppress(OSError):
            pipe.close()
    (folder / SOCKET).unlink(missing_ok=True)
    folder.rmdir()


type Refusal = tuple[str, str]
"""SQLSTATE and words, in the form of PostgreSQL's own."""


@dataclass(slots=True)
class Front:
    """Takes TLS and a password, as a server with `hostssl ... password` does, then passes everything on."""

    password: str
    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)
    queries: list[str] = field(default_factory=list)
    """Each text of SQL that came, without its parameters."""
    refuses: Refusal | None = None
    lost: Literal["commit", "query"] | None = None
    """Pass the next one on, and keep its answer back."""
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def certificate(self) -> str:
        """Of the authority, in PEM."""
        return self.authority.cert_pem.bytes().decode()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            startup = await self._secured(reader, writer)
            writer.write(b"R" + _sized((3).to_bytes(4)))
            _kind, told = await _message(reader)
            refused = self.refuses or self._wrong(told)
            if refused is not None:
                writer.write(_error(*refused))
                await writer.drain()
            else:
                await self._pass_on(startup, reader, writer)
        writer.close()

    async def _secured(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        asked = await reader.readexactly(8)
        assert int.from_bytes(asked[4:]) == TLS_WANTED, "the client did not ask for TLS"
        writer.write(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(context)
        await writer.start_tls(context)
        size = await reader.readexactly(4)
        return size + await reader.readexactly(int.from_bytes(size) - 4)

    def _wrong(self, told: bytes) -> Refusal | None:
        return None if told == self.password.encode() + b"\0" else ("28P01", "password authentication failed for user")

    async def _pass_on(self, startup: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self.folder / SOCKET)
        answers = asyncio.create_task(_pump(inner_reader, writer.write))
        inner_writer.write(startup)
        try:
            while True:
                kind, body = await _message(reader)
                if self._is_lost(kind, body):
                    answers.cancel()
                    inner_writer.write(kind + _sized(body))
                    await inner_reader.read(1)
                    return
                inner_writer.write(kind + _sized(body))
                await inner_writer.drain()
        finally:
            answers.cancel()
            inner_writer.close()

    def _is_lost(self, kind: bytes, body: bytes) -> bool:
        if kind == b"P":
            self.queries.append(body.split(b"\0")[1].decode())
        elif kind == b"Q":
            self.queries.append(body.rstrip(b"\0").decode())
        struck = (self.lost == "commit" and kind == b"Q" and COMMIT in body) or (self.lost == "query" and kind == b"P")
        if struck:
            self.lost = None
        return struck


async def _pump(reader: asyncio.StreamReader, write: Callable[[bytes], None]) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            write(part)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    size = int.from_bytes(await reader.readexactly(4))
    return kind, await reader.readexactly(size - 4)


def _sized(body: bytes) -> bytes:
    return (len(body) + 4).to_bytes(4) + body


def _error(code: str, words: str) -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": code, "M": words}
    return b"E" + _sized(b"".join(f"{name}{text}\0".encode() for name, text in fields.items()) + b"\0")
