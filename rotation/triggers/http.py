"""
The doors of HTTP to `rotation.web`.

Functions of their own, because the host checks function keys of a function before it calls it and tells nothing of
it. It takes the first function whose route fits, by the order of their *names* (docs/platform-facts.md D2-9), so
`calendar` must stand before `keyed`, and that before `open_door`: else no key would be asked for below /api, and nobody
would be let in there.
"""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import azure.functions as func

from rotation.triggers.composed import services

if TYPE_CHECKING:
    from rotation.web.exchange import Request, Response

routes = func.Blueprint()

SIGN_IN_SWITCH = "WEBSITE_AUTH_ENABLED"
"""App Service sets it where its own sign-in stands before the app; only then the person's header is not forgeable."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@routes.route(route="api/calendar.ics", methods=("GET", "HEAD"), auth_level=func.AuthLevel.ANONYMOUS)
async def calendar(req: func.HttpRequest) -> func.HttpResponse:
    """Serve an audience's calendar to whoever has its secret address."""
    from rotation.web import doors  # noqa: PLC0415  # cold start (docs/performance.md)

    return _response(await doors.calendar_door(services, _request(req)))


@routes.route(route="api/{*path}", methods=METHODS, auth_level=func.AuthLevel.FUNCTION)
async def keyed(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the API to whoever holds a function key."""
    from rotation.web import doors  # noqa: PLC0415  # cold start (docs/performance.md)

    return _response(await doors.keyed(services, _request(req), sign_in_stands=_sign_in_stands()))


@routes.route(route="{*path}", methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)
async def open_door(req: func.HttpRequest) -> func.HttpResponse:
    """Serve pages, and the API, to whom App Service signed in."""
    from rotation.web import doors  # noqa: PLC0415  # cold start (docs/performance.md)

    return _response(await doors.open_door(services, _request(req), sign_in_stands=_sign_in_stands()))


def _sign_in_stands() -> bool:
    return os.environ.get(SIGN_IN_SWITCH, "").lower() == "true"


def _request(req: func.HttpRequest) -> "Request":
    from rotation.web.exchange import Request  # noqa: PLC0415  # cold start (docs/performance.md)

    return Request(
        method=req.method.upper(),
        path=urlsplit(req.url).path or "/",
        query=dict(req.params),
        headers={name.lower(): value for name, value in req.headers.items()},
        body=req.get_body(),
    )


def _response(response: "Response") -> func.HttpResponse:
    return func.HttpResponse(
        response.content(),
        status_code=response.status,
        headers=dict(response.headers),
        mimetype=response.media_type.partition(";")[0],
        charset="utf-8",
    )
