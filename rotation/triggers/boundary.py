"""
Map errors to outcomes, here and nowhere else (architecture.md, Errors).

For messages: returning completes one, raising lets the host try again and, after `maxDequeueCount`, move it to the
poison queue (platform.md D2). For HTTP: a problem (RFC 9457) with the fields of ux.md.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

from rotation.domain.errors import (
    AccessDenied,
    ApplicationGone,
    BrokenInvariant,
    LeaseHeld,
    Misconfigured,
    Misread,
    NeedsPerson,
    NotFound,
    OutcomeUnknown,
    Refused,
    Retryable,
    RotationError,
    Superseded,
    VaultRefused,
)
from rotation.domain.messages import UnreadableMessage, references
from rotation.telemetry import invocation
from rotation.web.bodies import BadRequest
from rotation.web.exchange import Handler, Request, Response
from rotation.workflows import giving_up
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
DOCUMENTED_AT = "docs/runbook.md"
FORBIDDEN = frozenset({"enrol-at-terminal", "compromised-at-terminal"})
"""What a function key may never do."""
SOON = timedelta(seconds=10)

type Known = Callable[[], Services]
"""Gives the services; Misconfigured where the environment cannot be used."""
type Work = Callable[[Services, str], Awaitable[None]]


async def message(known: Known, queue: str, text: str, *, work: Work) -> None:
    """
    Carry out what a message asks for.

    Retryable, OutcomeUnknown, Superseded: complete; a wake stands, or somebody else has gone on. Misconfigured:
    complete too, because no number of tries mends a configuration, the wake stands, and health and digest tell of it.
    A message that cannot be read has its reason kept before it is let go to the poison queue, which keeps none.
    Everything else is a bug: the host counts.
    """
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
    with invocation("poison", queue, references(text)) as told:
        told.outcome = await _recorded(known, queue, text)


async def _recorded(known: Known, queue: str, text: str) -> str:
    """Record it, and give the outcome."""
    try:
        await giving_up.gave_up(known(), queue, text)
    except LeaseHeld as held:
        await giving_up.come_back(known(), queue, text, until=held.until)
        return held.reason
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


async def tick(known: Known, name: str, work: Callable[[Services], Awaitable[object]]) -> None:
    """Carry out what a timer asks for: what could not be done now is done at its next turn."""
    with invocation("timer", name) as told:
        try:
            await work(known())
        except (Retryable, OutcomeUnknown, Superseded) as error:
            told.outcome = error.reason
            log.warning("timer.later", extra={"timer": name, "reason": error.reason})


async def answer(known: Known, request: Request, handler: Handler) -> Response:
    """Answer a request; whatever is raised becomes a problem, and a bug is logged and told without its inside."""
    with invocation("http", _named(handler)) as told:
        response = await _answered(known, request, handler)
        told.outcome = str(response.status)
    return response


def _named(handler: Handler) -> str:
    """Name a handler by its module and itself: routes hold ids, and metrics must not."""
    module = getattr(handler, "__module__", "").rpartition(".")[2]
    return f"{module}.{getattr(handler, '__name__', 'handler')}"


async def _answered(known: Known, request: Request, handler: Handler) -> Response:
    try:
        return await handler(known(), request)
    except RotationError as error:
        log.info("http.problem", extra={"path": request.path, "reason": error.reason})
        return problem(error, request)
    except Exception:
        log.exception("http.bug", extra={"path": request.path})
        return _bug(request)


def problem(error: RotationError, request: Request) -> Response:
    """Give the problem that tells of *error*."""
    status, title = _kind(error)
    body = {
        "type": f"{DOCUMENTED_AT}#{error.reason}",
        "title": title,
        "status": status,
        "detail": error.message,
        "instance": request.path,
        "facts": dict(error.facts) | ({"problems": list(error.problems)} if isinstance(error, Misconfigured) else {}),
        "remedy": error.remedy if isinstance(error, Refused) else _remedy(error),
    }
    return Response(status=status, body=body, headers=_headers(error), media_type=PROBLEM)


_KINDS: tuple[tuple[type[RotationError], int, str], ...] = (
    (BadRequest, 400, "The request cannot be read."),
    (Misread, 400, "An identifier in the request is not one."),
    (NotFound, 404, "There is no such thing."),
    (ApplicationGone, 404, "There is no such application."),
    (Refused, 409, "It may not be done now."),
    (LeaseHeld, 503, "Somebody works on it at this moment."),
    (Retryable, 503, "A service that we need does not answer well now."),
    (OutcomeUnknown, 503, "A service that we need did not answer."),
    (Superseded, 409, "Somebody else was faster."),
    (AccessDenied, 502, "A service that we need refuses our own identity."),
    (VaultRefused, 502, "The vault refuses our own identity."),
    (Misconfigured, 500, "The configuration cannot be used."),
    (BrokenInvariant, 500, "What we found cannot be, so we stopped."),
    (NeedsPerson, 409, "It needs a person first."),
    (RotationError, 500, "It could not be done."),
)
"""Status and title, by the first that fits."""


def _kind(error: RotationError) -> tuple[int, str]:
    if error.reason in FORBIDDEN:
        return 403, "This takes a person at a terminal."
    return next((status, title) for kind, status, title in _KINDS if isinstance(error, kind))


def _remedy(error: RotationError) -> str:
    match error:
        case BadRequest():
            return "mend the named fields and send it again"
        case Retryable() | OutcomeUnknown() | Superseded():
            return "ask again in a moment"
        case Misconfigured():
            return "rotation config check"
        case AccessDenied() | VaultRefused():
            return "give our identity the right that is named, or open the firewall to it"
        case _:
            return "rotation status"


def _headers(error: RotationError) -> dict[str, str]:
    if not isinstance(error, Retryable):
        return {}
    wait = error.retry_after or SOON
    return {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}


def _bug(request: Request) -> Response:
    body = {
        "type": f"{DOCUMENTED_AT}#bug",
        "title": "This is a mistake of ours.",
        "status": 500,
        "detail": "It was written to the log with everything needed to find it.",
        "instance": request.path,
        "facts": {},
        "remedy": "look into the log of this invocation",
    }
    return Response(status=500, body=body, media_type=PROBLEM)
