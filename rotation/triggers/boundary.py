"""
Map errors to outcomes of messages and timers, here and nowhere else (architecture.md, Errors).

Returning completes a message, raising lets the host try again and, after `maxDequeueCount`, move it to the poison queue
(platform.md D2). What an error means to a caller over HTTP is in `web/problems.py`.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from rotation.domain.errors import (
    LeaseHeld,
    Misconfigured,
    NewerVersion,
    NotFound,
    OutcomeUnknown,
    Retryable,
    RotationError,
    Superseded,
)
from rotation.telemetry import invocation

if TYPE_CHECKING:
    from rotation.workflows.services import Services

log = logging.getLogger(__name__)

type Known = Callable[[], "Services"]
"""Gives the services; Misconfigured where the environment cannot be used."""
type Work = Callable[["Services", str], Awaitable[None]]


async def message(known: Known, queue: str, text: str, *, work: Work) -> None:
    """
    Carry out what a message asks for.

    Retryable, OutcomeUnknown, Superseded: complete; a wake stands, or somebody else has gone on. Misconfigured:
    complete too, because no number of tries mends a configuration, the wake stands, and health and digest tell of it.
    A message that cannot be read has its reason kept before it is let go to the poison queue, which keeps none.
    Everything else is a bug: the host counts.
    """
    from rotation.domain.messages import UnreadableMessage, references  # noqa: PLC0415  # cold start (docs/performance.md)
    from rotation.workflows import giving_up  # noqa: PLC0415  # as above

    with invocation("queue", queue, references(text)) as told:
        try:
            await work(known(), text)
        except (Retryable, OutcomeUnknown, Superseded) as error:
            told.outcome = error.reason
            log.info("message.completed-early", extra={"queue": queue, "reason": error.reason})
        except Misconfigured as error:
            told.outcome = error.reason
            log.error("message.misconfigured", extra={"queue": queue, "problems": list(error.problems)})  # noqa: TRY400  # the problems say it all; a trace would hide them
        except UnreadableMessage as error:
            log.warning("message.unreadable", extra={"queue": queue})
            await giving_up.unreadable(known(), queue, text, reason=error.message)
            raise


async def poison(known: Known, queue: str, text: str) -> None:
    """
    Record what the host gave up on.

    It raises for storage only, which is where it would be recorded: nobody reads the poison queue of a poison queue.
    A message that ends there all the same is no loss; its wake stands, and what crashed comes this way again.
    """
    from rotation.domain.messages import references  # noqa: PLC0415  # as above

    with invocation("poison", queue, references(text)) as told:
        told.outcome = await _recorded(known, queue, text)


async def _recorded(known: Known, queue: str, text: str) -> str:
    """Record it, and give the outcome."""
    from rotation.domain.messages import references  # noqa: PLC0415  # as above
    from rotation.workflows import giving_up  # noqa: PLC0415  # as above

    try:
        await giving_up.gave_up(known(), queue, text)
    except LeaseHeld as held:
        await giving_up.come_back(known(), queue, text, until=held.until)
        return held.reason
    except NewerVersion as error:
        log.warning("poison.newer-version", extra={"queue": queue, **references(text)})
        return error.reason
    except Retryable:
        raise
    except Misconfigured as error:
        log.error("poison.misconfigured", extra={"queue": queue, "problems": list(error.problems)})  # noqa: TRY400  # as above
        return error.reason
    except (NotFound, Superseded) as error:
        log.warning("poison.nothing-left", extra={"queue": queue, "reason": error.reason})
        return error.reason
    except Exception as error:
        log.exception("poison.not-recorded", extra={"queue": queue})
        why = error.reason if isinstance(error, RotationError) else type(error).__name__
        await giving_up.not_recorded(known(), queue, text, why=why)
        return "not-recorded"
    log.warning("poison.recorded", extra={"queue": queue, **references(text)})
    return "recorded"


async def tick(known: Known, name: str, work: "Callable[[Services], Awaitable[object]]") -> None:
    """Carry out what a timer asks for: what could not be done now is done at its next turn."""
    with invocation("timer", name) as told:
        try:
            await work(known())
        except (Retryable, OutcomeUnknown, Superseded) as error:
            told.outcome = error.reason
            log.warning("timer.later", extra={"timer": name, "reason": error.reason})
