"""Say of each HTTPS call whom we asked, what came back and how long it took: no path, no query, no body."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HTTPS = 443
log = logging.getLogger("rotation.measured")
"""Counted and timed, and no log line (rotation/telemetry)."""


@dataclass(slots=True)
class Answer:
    """What came back: an HTTP status, 0 for no answer."""

    status: int = 0


@contextmanager
def calling(host: str, port: int | None, method: str) -> Iterator[Answer]:
    """Watch one attempt at a host; whoever calls sets the status. A port is told where it is not the usual one."""
    service = host if port in {None, HTTPS} else f"{host}:{port}"
    answer, begun = Answer(), time.monotonic()
    try:
        yield answer
    finally:
        facts = {"service": service, "method": method, "status": answer.status, "seconds": time.monotonic() - begun}
        log.debug("wire.answered", extra=facts)
