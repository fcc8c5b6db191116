"""`/api/pause` and `/api/resume`: stop everything before its next step, and go on."""

from typing import Annotated

from pydantic import StringConstraints

from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, ok
from rotation.workflows import operating
from rotation.workflows.services import Services


class BrakeBody(Body):
    """What both take."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


async def pause(services: Services, request: Request) -> Response:
    """Stop everything before its next step; reminders go on."""
    reason = read(BrakeBody, request).reason
    await operating.pause(services, by=request.by, reason=reason)
    return ok({"paused": await services.control.pause()})


async def resume(services: Services, request: Request) -> Response:
    """Go on. An open circuit breaker stays open: that takes a person at a terminal."""
    reason = read(BrakeBody, request).reason
    await operating.resume(services, by=request.by, reason=reason)
    breaker = (await services.control.breaker.read()).open_reason
    return ok({"paused": None, "breaker": breaker, "remedy": "rotation resume --breaker" if breaker else ""})
