"""
Idempotency-Key: a POST that is sent again because its answer was lost gets the first answer, and is done once.

What came of it is kept in table `once` for a day. Who dies in between leaves a row that says "begun": a repetition
waits until the first can no longer be at work, and is then done anew; every act of ours may be done twice.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from rotation.domain.errors import Refused, Retryable, RotationError, StaleRecord
from rotation.ledger.once import Once, Taken
from rotation.web.bodies import BadRequest
from rotation.web.exchange import Request, Response
from rotation.workflows.services import Services

log = logging.getLogger(__name__)

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
KIND = "answer"
KEPT = timedelta(days=1)
AT_WORK = timedelta(minutes=10)
"""Longer than any request can take: the host ends a function after ten minutes (host.json)."""
LONGEST = 200
_KEPT_STATUS = frozenset({200, 201, 202, 409})


class KeyReused(RotationError):
    """The key came before with another request."""

    reason = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key came before with another request; nothing was done")


async def once(services: Services, request: Request, act: Callable[[], Awaitable[Response]]) -> Response:
    """
    Act, or give the answer that the same key got before.

    Args:
        services: Of this process.
        request: Its key is told apart by caller and address.
        act: Gives an answer whatever happens; problems too.

    Raises:
        BadRequest: The key is no key.
        KeyReused: It came before with another body.
        Refused: The first request is still at work (`idempotency-key-in-use`).
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return await act()
    if len(key) > LONGEST or not key.isprintable():
        raise BadRequest([f"Idempotency-Key: is not 1 to {LONGEST} printable characters; send a GUID"])
    name = f"{request.principal.subject}|{request.method} {request.path}|{key}"
    begun = _begun(services, request)
    rows = Once(services.tables)
    if not await rows.take(name, begun):
        before = await _before(services, rows, name, begun=begun)
        if before is not None:
            return before
    response = await act()
    try:
        await _keep(rows, name, begun, response=response)
    except (Retryable, StaleRecord) as error:
        log.warning("http.answer-not-kept", extra={"path": request.logged, "reason": error.reason})
    return response


def _begun(services: Services, request: Request) -> Taken:
    now = services.clock.now()
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()) if name != "code")
    asked = hashlib.sha256(query.encode() + b"\n" + request.body).hexdigest()
    return Taken(kind=KIND, owner=services.ulids.make(), began_at=now, expires_at=now + KEPT, fingerprint=asked)


async def _before(services: Services, rows: Once, name: str, *, begun: Taken) -> Response | None:
    """Give the first answer; None where there is none and this request takes its place."""
    found = await rows.find(KIND, name)
    if found is None:
        return None
    taken, etag = found
    now = services.clock.now()
    if taken.expires_at <= now or (not taken.status and now - taken.began_at > AT_WORK):
        await _take_over(rows, name, begun, etag=etag)
        return None
    if taken.fingerprint != begun.fingerprint:
        raise KeyReused
    if not taken.status:
        raise _in_use()
    headers: Mapping[str, str] = {**taken.headers, REPLAYED: "true"}
    body = taken.body.encode()
    return Response(status=taken.status, body=body, headers=headers, media_type=taken.media_type)


async def _take_over(rows: Once, name: str, begun: Taken, *, etag: str) -> None:
    try:
        await rows.put(name, begun, etag=etag)
    except StaleRecord:
        raise _in_use() from None


def _in_use() -> Refused:
    return Refused(
        "the first request with this Idempotency-Key is still at work",
        reason="idempotency-key-in-use",
        remedy="send it again in a moment",
    )


async def _keep(rows: Once, name: str, begun: Taken, *, response: Response) -> None:
    """Keep what was done, or that it may not be done; whatever else came of it may come out otherwise next time."""
    if response.passing or response.status not in _KEPT_STATUS:
        await rows.give_back(KIND, name)
        return
    found = await rows.find(KIND, name)
    if found is None:
        return
    answered = replace(
        begun,
        status=response.status,
        headers=dict(response.headers),
        media_type=response.media_type,
        body=response.text(),
    )
    await rows.put(name, answered, etag=found[1])
