"""HTTPS clients for what is not Azure."""

import ssl
import time
from functools import cache
from typing import TYPE_CHECKING

from rotation.adapters.measured import told

if TYPE_CHECKING:
    import httpx

BEGUN = "rotation.begun"


def open_client() -> "httpx.AsyncClient":
    """Open an HTTPS client. All share one context, because reading the roots takes long; httpx loads with the first."""
    import httpx  # noqa: PLC0415  # a tenth of what a night loads, which asks nobody by it

    return httpx.AsyncClient(verify=trusted_roots(), event_hooks={"request": [_begin], "response": [_end]})


async def _begin(request: "httpx.Request") -> None:
    request.extensions[BEGUN] = time.monotonic()


async def _end(response: "httpx.Response") -> None:
    begun: float = response.request.extensions[BEGUN]
    told(response.request.url.host, response.request.method, response.status_code, seconds=time.monotonic() - begun)


@cache
def trusted_roots() -> ssl.SSLContext:
    """Give what this process trusts, read once."""
    import httpx  # noqa: PLC0415  # as above

    return httpx.create_ssl_context()
