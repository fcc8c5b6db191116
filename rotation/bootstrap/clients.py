"""HTTPS clients for what is not Azure."""

import ssl
from functools import cache

import httpx

from rotation.integrations.services import OpenClient


def client_opener() -> OpenClient:
    """Give what opens HTTPS clients; all share one context, because reading the roots takes long."""
    context = _trusted_roots()
    return lambda: httpx.AsyncClient(verify=context)


@cache
def _trusted_roots() -> ssl.SSLContext:
    return httpx.create_ssl_context()
