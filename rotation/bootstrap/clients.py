"""HTTPS clients for what is not Azure."""

import ssl
import time
from collections.abc import Awaitable, Callable
from functools import cache

import httpx

from rotation.adapters.measured import told
from rotation.integrations.services import OpenClient

BEGUN = "rotation.begun"


def client_opener() -> OpenClient:
    """Give what opens HTTPS clients; all share one context, because reading the roots takes long."""
    context = trusted_roots()
    hooks: dict[str, list[Callable[..., Awaitable[None]]]] = {"request": [_begin], "response": [_end]}
    return lambda: httpx.AsyncClient(verify=context, event_hooks=hooks)


async def _begin(request: httpx.Request) -> None:
    request.extensions[BEGUN] = time.monotonic()


async def _end(response: httpx.Response) -> None:
    begun: float = response.request.extensions[BEGUN]
    told(response.request.url.host, response.request.method, response.status_code, seconds=time.monotonic() - begun)


@cache
def trusted_roots() -> ssl.SSLContext:
    """Give what this process trusts, read once."""
    return httpx.create_ssl_context()
