"""
Answer with a problem (RFC 9457) whatever is raised: here and nowhere else (architecture.md, Errors).

For messages and timers the same is decided in `triggers/boundary.py`.
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
    NewerVersion,
    NotFound,
    OutcomeUnknown,
    Refused,
    Retryable,
    RotationError,
    Superseded,
    VaultRefused,
)
from rotation.web.bodies import BadRequest
from rotation.web.conditions import Changed
from rotation.web.exchange import Request, Response
from rotation.web.refusals import ForeignForm, NoSuchMethod, NotAllowed, SignInNeeded
from rotation.web.repeating import KeyReused

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
DOCUMENTED_AT = "docs/runbook.md"
FORBIDDEN = frozenset({"enrol-at-terminal", "compromised-at-terminal"})
"""What a function key may never do."""
SOON = timedelta(seconds=10)


async def answer(request: Request, asked: Callable[[], Awaitable[Response]]) -> Response:
    """Answer a request; whatever is raised becomes a problem, and a bug is logged and told without its inside."""
    try:
        return await asked()
    except RotationError as error:
        log.info("http.problem", extra={"path": request.logged, "reason": error.reason})
        return problem(error, request)
    except Exception:
        log.exception("http.bug", extra={"path": request.logged})
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
        "remedy": error.remedy if isinstance(error, Refused | NotAllowed) else _remedy(error),
    }
    faster = isinstance(error, Superseded)
    return Response(status=status, body=body, headers=_headers(error), media_type=PROBLEM, passing=faster)


_KINDS: tuple[tuple[type[RotationError], int, str], ...] = (
    (SignInNeeded, 401, "Nobody is known to ask."),
    (NotAllowed, 403, "You may not do this."),
    (ForeignForm, 403, "This did not come from our own page."),
    (NoSuchMethod, 405, "This address takes another method."),
    (Changed, 412, "It has changed since you looked."),
    (KeyReused, 422, "This Idempotency-Key belongs to another request."),
    (BadRequest, 400, "The request cannot be read."),
    (Misread, 400, "An identifier in the request is not one."),
    (NotFound, 404, "There is no such thing."),
    (ApplicationGone, 404, "There is no such application."),
    (Refused, 409, "It may not be done now."),
    (LeaseHeld, 503, "Somebody works on it at this moment."),
    (NewerVersion, 503, "A newer version of this program wrote it."),
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
        case ForeignForm():
            return "load the page again and send it from there"
        case Changed():
            return "look again, and decide again"
        case KeyReused():
            return "send a fresh Idempotency-Key"
        case NoSuchMethod():
            return "docs/api.md lists what each address takes"
        case NewerVersion():
            return "deploy that version again: docs/runbook/upgrade.md"
        case Retryable() | OutcomeUnknown() | Superseded():
            return "ask again in a moment"
        case Misconfigured():
            return "rotation config check"
        case AccessDenied() | VaultRefused():
            return "give our identity the right that is named, or open the firewall to it"
        case _:
            return "rotation status"


def _headers(error: RotationError) -> dict[str, str]:
    if isinstance(error, NoSuchMethod):
        return {"Allow": ", ".join(error.allowed)}
    if isinstance(error, Changed):
        return {"ETag": error.etag}
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
