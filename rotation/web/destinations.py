"""`/api/destinations`: where secrets go, in words; and whether a delivery would work."""

from typing import Annotated

from pydantic import Field

from rotation.web.answers import CheckedList, DestinationList
from rotation.web.bodies import Body, read
from rotation.web.exchange import Request, Response, ok
from rotation.web.lines import NAMED
from rotation.workflows import checking
from rotation.workflows.services import Services


class CheckBody(Body):
    """Which destinations to ask; none named: all."""

    names: tuple[Annotated[str, Field(pattern=NAMED)], ...] = Field(default=(), max_length=100)


async def everything(services: Services, request: Request) -> Response:  # noqa: ARG001  # every handler's signature
    """Describe every configured destination; none of them is asked anything."""
    return ok(DestinationList(destinations=tuple(await checking.describe(services))))


async def check(services: Services, request: Request) -> Response:
    """Ask destinations whether a delivery would work; nothing is written there."""
    body = read(CheckBody, request)
    return ok(CheckedList(checked=tuple(await checking.check(services, body.names))))
