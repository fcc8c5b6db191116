"""One span and one measurement for each thing that begins here: a message, a tick of a timer, a request."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from rotation.telemetry.pipeline import start

measured = logging.getLogger("rotation.measured")
"""What is said here is counted and timed, and is no log line: it happens too often."""


@dataclass(slots=True)
class Invocation:
    """What is told of one invocation when it ends."""

    outcome: str = "done"


@contextmanager
def invocation(trigger: str, name: str, ids: Mapping[str, str] | None = None) -> Iterator[Invocation]:
    """
    Watch one invocation; what runs inside says how it ended by `outcome`, an exception that leaves it is a `bug`.

    Its span is a child of the host's own, where the worker hands that on; a rotation's spans are linked by its id.

    Args:
        trigger: `queue`, `poison`, `timer` or `http`.
        name: Of the queue, timer or handler.
        ids: What it is about.
    """
    pipeline = start()
    told = Invocation()
    begun = time.monotonic()
    with pipeline.span(f"{trigger} {name}", ids or {}) if pipeline else nullcontext() as span:
        try:
            yield told
        except BaseException:
            told.outcome = "bug"
            raise
        finally:
            facts = {"trigger": trigger, "function": name, "outcome": told.outcome}
            measured.debug("invocation.ended", extra={**facts, "seconds": time.monotonic() - begun})
            if span is not None:
                span.set_attributes(facts)
