"""`/api/destinations`: where secrets go, in words, and how each consumer could do without one."""

from rotation.web.exchange import Request, Response, ok
from rotation.workflows import checking
from rotation.workflows.services import Services


async def everything(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Describe every configured destination; none of them is asked anything."""
    return ok({"destinations": await checking.describe(services)})
