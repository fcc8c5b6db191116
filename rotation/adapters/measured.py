"""Say of each HTTPS call whom we asked, what came back and how long it took: no path, no query, no body."""

import logging
import time

import httpx

log = logging.getLogger("rotation.measured")
"""Counted and timed, and no log line (rotation/telemetry)."""


class MeasuredTransport(httpx.AsyncHTTPTransport):
    """The usual transport; every attempt that middleware makes is one call."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        begun = time.monotonic()
        status = 0
        try:
            response = await super().handle_async_request(request)
            status = response.status_code
        finally:
            told(request, status, seconds=time.monotonic() - begun)
        return response


def told(request: httpx.Request, status: int, *, seconds: float) -> None:
    """Say it; status 0 is no answer."""
    facts = {"service": request.url.host, "method": request.method, "status": status, "seconds": seconds}
    log.debug("wire.answered", extra=facts)
