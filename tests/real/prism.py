"""
Prism with a vendor's published description in front of any address, so that both sides are held to it.

    caller under test --HTTPS--> our front --> prism proxy --errors --> the simulator

What the caller asks wrongly is answered 422, what the simulator answers wrongly 500, a path that the description does
not know 404; `Judge.found` keeps each such verdict.
"""

import asyncio
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.contract.harness_https import Https, https
from tests.real.conftest import TOOLS

PRISM = TOOLS / "node" / "node_modules" / ".bin" / "prism"
STARTS_WITHIN = 60.0
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
HOP_BY_HOP = frozenset({"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"})


@dataclass(slots=True)
class Judge:
    """Where callers go, and what was found wrong."""

    url: str
    context: ssl.SSLContext
    authority: bytes
    """The certificate of its throw-away authority, in PEM."""
    found: list[dict[str, Any]] = field(default_factory=list)

    def open_client(self) -> httpx.AsyncClient:
        """Open a client that verifies certificates, as the program's does."""
        return httpx.AsyncClient(verify=self.context, trust_env=False)


def description(name: str) -> dict[str, Any]:
    """Read a published description, whole."""
    file = TOOLS / "openapi" / f"{name}.json"
    assert file.exists(), "the API descriptions are missing: `make test-real` installs them"
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def subset(
    whole: Mapping[str, Any], paths: Mapping[str, str], *, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """
    Cut a description to some paths and what they refer to.

    Servers and sign-in are left out: the address is ours, and tokens are the simulator's business.

    Args:
        paths: As callers say them, each with the description's own word for it.
        more: Paths that the description does not know, written by hand from the documentation.
    """
    chosen = {path: whole["paths"][theirs] for path, theirs in paths.items()} | dict(more or {})
    kept: dict[str, Any] = {"openapi": whole["openapi"], "info": whole["info"], "paths": _without_sign_in(chosen)}
    todo: list[Any] = [kept["paths"]]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, Mapping):
            todo += node.values()
            if isinstance(reference := node.get("$ref"), str) and (taken := _take(whole, kept, reference)) is not None:
                todo.append(taken)
    return kept


def _take(whole: Mapping[str, Any], kept: dict[str, Any], reference: str) -> Any:
    """Copy what *reference* leads to; None where it is there already."""
    *outer, name = [part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/")]
    source: Any = whole
    target: Any = kept
    for part in outer:
        source, target = source[part], target.setdefault(part, {})
    if name in target:
        return None
    target[name] = source[name]
    return source[name]


def _without_sign_in(paths: Mapping[str, Any]) -> dict[str, Any]:
    return {
        path: {
            verb: {key: part for key, part in told.items() if key != "security"} if isinstance(told, Mapping) else told
            for verb, told in item.items()
        }
        for path, item in paths.items()
    }


@asynccontextmanager
async def prism(published: Mapping[str, Any], upstream: str, *, authority: bytes) -> AsyncIterator[Judge]:
    """Put *published* in front of *upstream*, whose certificate *authority* (PEM) vouches for."""
    assert PRISM.exists(), "Prism is missing: `make test-real` installs it"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="prism-")))
        file, trusted = folder / "published.json", folder / "authority.pem"
        file.write_text(json.dumps(published), encoding="utf-8")
        trusted.write_bytes(authority)
        inner = await stack.enter_async_context(_running(file, upstream, trusted))
        forward = await stack.enter_async_context(httpx.AsyncClient(base_url=inner, trust_env=False, timeout=60))
        direct = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=upstream, verify=ssl.create_default_context(cafile=str(trusted)), trust_env=False
            )
        )
        found: list[dict[str, Any]] = []
        front = await stack.enter_async_context(https(_front(forward, direct, found)))
        yield _judge(front, found)


def _judge(front: Https, found: list[dict[str, Any]]) -> Judge:
    return Judge(front.url, front.context, front.authority, found)


@asynccontextmanager
async def _running(file: Path, upstream: str, authority: Path) -> AsyncIterator[str]:
    """Run Prism on a free port for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = file.with_name("prism.log")
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(str(PRISM), "proxy", "--errors", "--host", "127.0.0.1", "--port", str(port), str(file), upstream),
            env={"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(authority), "HOME": str(file.parent)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        await _listens(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(STARTS_WITHIN):
        while True:
            assert process.returncode is None, f"Prism ended: {_said(log)}"
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


def _said(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-2000:]


def _front(forward: httpx.AsyncClient, direct: httpx.AsyncClient, found: list[dict[str, Any]]) -> Starlette:
    """Take HTTPS; what bears no token yet goes past Prism, for an SDK that asks for the challenge sends no body."""

    async def pass_on(request: Request) -> Response:
        client = forward if "authorization" in request.headers else direct
        answer = await client.request(
            request.method,
            httpx.URL(path=request.url.path, query=request.url.query.encode()),
            headers={name: value for name, value in request.headers.items() if name not in HOP_BY_HOP},
            content=await request.body(),
        )
        if "problem+json" in answer.headers.get("content-type", ""):
            found.append(answer.json())
        kept = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return Response(answer.content, answer.status_code, headers=kept)

    return Starlette(routes=[Route("/{path:path}", pass_on, methods=METHODS)])
