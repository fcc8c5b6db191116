"""A problem as a person reads it in a browser."""

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

from rotation.web.exchange import HTML, Request, Response


def as_page(response: Response, request: Request) -> Response:
    """Show a problem as a page to whoever asked for one; others get it as it is."""
    if "text/html" not in request.headers.get("accept", "") or not isinstance(response.body, Mapping):
        return response
    return replace(response, body=_page(response.body), media_type=HTML)


def _page(problem: Mapping[str, Any]) -> str:
    title, detail, remedy = (escape(str(problem[name])) for name in ("title", "detail", "remedy"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1><p>{detail}</p><p>{remedy}</p></main></body></html>"
    )
