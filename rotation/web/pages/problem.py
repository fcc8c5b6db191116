"""A problem as a person reads it in a browser: what is so, and what to do."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from rotation.web.exchange import HTML, Request, Response
from rotation.web.pages.rendering import draw

AGAIN = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT})
"""Asked once more, it may go well."""


def as_page(response: Response, request: Request) -> Response:
    """Show a problem as a page to whoever asked for one; others get it as it is."""
    if "text/html" not in request.headers.get("accept", "") or not isinstance(response.body, Mapping):
        return response
    told = response.body
    again = request.path if response.status in AGAIN and request.method == "GET" else ""
    reason = str(told["type"]).rpartition("#")[2]
    html = draw(request, "problem.html", problem=told, status=response.status, reason=reason, again=again)
    return replace(response, body=html, media_type=HTML)
