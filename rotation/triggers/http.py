"""Routes of the HTTP API to the handlers of `rotation.web`; every one takes a function key."""

import os
from urllib.parse import urlsplit

import azure.functions as func

from rotation.triggers.boundary import answer
from rotation.triggers.composed import services
from rotation.web import acting, brakes, destinations, health, lines, rotations, scans
from rotation.web.exchange import PERSON_HEADER, Handler, Request

routes = func.Blueprint()

SIGN_IN_SWITCH = "WEBSITE_AUTH_ENABLED"
"""App Service sets it where its own sign-in stands before the app; only then the person's header is not forgeable."""


async def _serve(req: func.HttpRequest, handler: Handler) -> func.HttpResponse:
    request = _request(req)
    response = await answer(services, request, handler)
    return func.HttpResponse(
        response.text(),
        status_code=response.status,
        headers=dict(response.headers),
        mimetype=response.media_type,
        charset="utf-8",
    )


def _request(req: func.HttpRequest) -> Request:
    headers = {name.lower(): value for name, value in req.headers.items()}
    if PERSON_HEADER in headers and os.environ.get(SIGN_IN_SWITCH, "").lower() != "true":
        headers[PERSON_HEADER] = f"function key (says {headers[PERSON_HEADER]})"
    return Request(
        method=req.method,
        path=urlsplit(req.url).path,
        route=dict(req.route_params),
        headers=headers,
        body=req.get_body(),
    )


@routes.route(route="scans", methods=["POST"])
async def scans_begin(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a scan."""
    return await _serve(req, scans.begin)


@routes.route(route="scans/{id}", methods=["GET"])
async def scans_report(req: func.HttpRequest) -> func.HttpResponse:
    """Follow a scan."""
    return await _serve(req, scans.report)


@routes.route(route="lines", methods=["GET"])
async def lines_list(req: func.HttpRequest) -> func.HttpResponse:
    """List what is enrolled."""
    return await _serve(req, lines.everything)


@routes.route(route="lines", methods=["POST"])
async def lines_preview(req: func.HttpRequest) -> func.HttpResponse:
    """Preview an enrolment."""
    return await _serve(req, lines.preview)


@routes.route(route="destinations", methods=["GET"])
async def destinations_list(req: func.HttpRequest) -> func.HttpResponse:
    """Describe where secrets go."""
    return await _serve(req, destinations.everything)


@routes.route(route="rotations", methods=["POST"])
async def rotations_begin(req: func.HttpRequest) -> func.HttpResponse:
    """Ask for a rotation."""
    return await _serve(req, rotations.begin)


@routes.route(route="rotations/{id}", methods=["GET"])
async def rotations_report(req: func.HttpRequest) -> func.HttpResponse:
    """Follow a rotation."""
    return await _serve(req, rotations.report)


@routes.route(route="rotations/{id}/retry", methods=["POST"])
async def rotations_retry(req: func.HttpRequest) -> func.HttpResponse:
    """Let what is stopped go on."""
    return await _serve(req, acting.retry)


@routes.route(route="rotations/{id}/abandon", methods=["POST"])
async def rotations_abandon(req: func.HttpRequest) -> func.HttpResponse:
    """Give up a rotation that has published nothing."""
    return await _serve(req, acting.abandon)


@routes.route(route="rotations/{id}/retire", methods=["POST"])
async def rotations_retire(req: func.HttpRequest) -> func.HttpResponse:
    """Let an old secret go at once."""
    return await _serve(req, acting.retire)


@routes.route(route="pause", methods=["POST"])
async def pause(req: func.HttpRequest) -> func.HttpResponse:
    """Stop everything before its next step."""
    return await _serve(req, brakes.pause)


@routes.route(route="resume", methods=["POST"])
async def resume(req: func.HttpRequest) -> func.HttpResponse:
    """Go on."""
    return await _serve(req, brakes.resume)


@routes.route(route="health", methods=["GET"])
async def health_report(req: func.HttpRequest) -> func.HttpResponse:
    """Tell whether all is well."""
    return await _serve(req, health.report)
