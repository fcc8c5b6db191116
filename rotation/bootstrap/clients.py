"""HTTPS clients for what is not Azure."""

import ssl
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


def open_client() -> "httpx.AsyncClient":
    """Open an HTTPS client. All share one context, because reading the roots takes long; httpx loads with the first."""
    from rotation.bootstrap.measured_client import MeasuredClient  # noqa: PLC0415  # a tenth of what a night loads

    return MeasuredClient(verify=trusted_roots())


@cache
def trusted_roots() -> ssl.SSLContext:
    """Give what this process trusts, read once."""
    import httpx  # noqa: PLC0415  # as above

    return httpx.create_ssl_context()
