"""`/api/pause` and `/api/resume`: stop everything before its next step, and go on."""

from rotation.web.admitting import require
from rotation.web.answers import Braked
from rotation.web.bodies import Body, Why, read
from rotation.web.exchange import Request, Response, ok
from rotation.web.principal import Role
from rotation.workflows import operating
from rotation.workflows.services import Services


class PauseBody(Body):
    """What a pause takes."""

    reason: Why


class ResumeBody(Body):
    """What going on takes; `breaker` closes the circuit breaker too, which takes an administrator."""

    reason: Why
    breaker: bool = False


async def pause(services: Services, request: Request) -> Response:
    """Stop everything before its next step; reminders go on."""
    reason = read(PauseBody, request).reason
    await operating.pause(services, by=request.by, reason=reason, where=request.where)
    return ok(Braked(paused=await services.control.pause()))


async def resume(services: Services, request: Request) -> Response:
    """Go on. An open circuit breaker stays open unless an administrator closes it."""
    body = read(ResumeBody, request)
    if body.breaker:
        require(request, Role.ADMINISTRATOR, by_person=True)
    await operating.resume(services, by=request.by, reason=body.reason, breaker=body.breaker, where=request.where)
    breaker = (await services.control.breaker.read()).open_reason
    return ok(Braked(paused=None, breaker=breaker, remedy="rotation resume --breaker" if breaker else ""))
