"""Say of each HTTPS call whom we asked, what came back and how long it took: no path, no query, no body."""

import logging

log = logging.getLogger("rotation.measured")
"""Counted and timed, and no log line (rotation/telemetry)."""


def told(service: str, method: str, status: int, *, seconds: float) -> None:
    """Say it; *service* is the host, status 0 is no answer."""
    log.debug("wire.answered", extra={"service": service, "method": method, "status": status, "seconds": seconds})
