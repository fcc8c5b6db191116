"""
The doors, each a function of its own in Azure: who comes in by which, and what they find there (docs/adr/0014).

The keyed door is opened by the Functions host, which checks the function key and tells us nothing. The open door is
opened by nobody: App Service's sign-in stands before it and says who comes, and we send away whom it does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import quote

from rotation.telemetry import invocation
from rotation.web import feeds
from rotation.web.admitting import require
from rotation.web.conditions import told_once, unchanged
from rotation.web.exchange import KEYED, SIGNED_IN, Request, Response
from rotation.web.pages.problem import as_page
from rotation.web.pages.table import PAGES
from rotation.web.principal import ANONYMOUS, KEY, Principal, signed_in
from rotation.web.problems import PROBLEM, answer
from rotation.web.protection import came_from_our_page, form_was_given, protected
from rotation.web.refusals import without_role
from rotation.web.repeating import once
from rotation.web.routes import Found, Route, Router
from rotation.web.table import API
from rotation.workflows.operating import BY_KEY
from rotation.workflows.services import Services

LOGIN = "/.auth/login/aad"
"""App Service's own address; it sends the browser to Entra and back (platform.md D2)."""

type Known = Callable[[], Services]
"""Gives the services; Misconfigured where the environment cannot be used."""


@cache
def api() -> Router:
    """Give the routes of the API."""
    return Router(API)


@cache
def pages() -> Router:
    """Give the pages."""
    return Router(PAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request with whoever makes it, and where to look for what it asks for."""

    request: Request
    router: Router
    path: str
    """Below the base of what the router serves."""


async def keyed(known: Known, request: Request, *, sign_in_stands: bool) -> Response:
    """Serve the API to whoever holds a function key, which the host has checked."""
    person = _known_to(request, sign_in_stands)
    by = KEY if person == ANONYMOUS else replace(KEY, name=f"{person.name}{BY_KEY}")
    request = replace(request, principal=by, base=KEYED)
    asked = _Asked(request=request, router=api(), path=_below(KEYED, request.path))
    return protected(await _answered(known, asked), request)


async def open_door(known: Known, request: Request, *, sign_in_stands: bool) -> Response:
    """Serve pages, and the API, to whom Entra signed in; whoever else comes learns nothing."""
    request = replace(request, principal=_known_to(request, sign_in_stands), base=SIGNED_IN)
    is_api = _is_api(request.path)
    path = _below(SIGNED_IN, request.path) if is_api else request.path
    asked = _Asked(request=request, router=api() if is_api else pages(), path=path)
    if not request.principal.is_known and not _is_open(asked):
        return protected(_sent_away(request, sign_in_stands), request)
    response = await _answered(known, asked)
    if response.media_type == PROBLEM and not is_api:
        response = as_page(response, request)
    return protected(response, request)


async def calendar_door(known: Known, request: Request) -> Response:
    """Serve a calendar to whoever has its secret address: calendars cannot sign in. Others learn nothing."""
    asked = _Asked(request=replace(request, base=KEYED), router=api(), path=feeds.PATH)
    response = await _answered(known, asked)
    if response.media_type == PROBLEM:
        response = Response(status=response.status, headers=response.headers)
    return protected(response, request)


def _known_to(request: Request, sign_in_stands: bool) -> Principal:
    """Say who comes; where no sign-in stands before us the headers are anybody's, and say nothing."""
    return signed_in(request.headers) if sign_in_stands else ANONYMOUS


def _is_api(path: str) -> bool:
    return f"{path}/".lower().startswith(f"{SIGNED_IN}/")


def _below(base: str, path: str) -> str:
    return path[len(base) :].removeprefix("/")


def _is_open(asked: _Asked) -> bool:
    """Tell whether something stands there that proves itself otherwise."""
    found = asked.router.at(asked.request.method, asked.path)
    return found is not None and found.route.needs is None


def _sent_away(request: Request, sign_in_stands: bool) -> Response:
    """Say the same whatever was asked for: a browser is sent to the sign-in, anything else gets a bare no."""
    wants_page = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
    if not (sign_in_stands and wants_page and not _is_api(request.path)):
        return Response(status=401)
    back = "/" + quote(request.path.lstrip("/\\"), safe="/")  # browsers take //host and /\host for another site
    return Response(status=302, headers={"Location": f"{LOGIN}?post_login_redirect_uri={quote(back, safe='')}"})


async def _answered(known: Known, asked: _Asked) -> Response:
    """Answer, and tell telemetry which route it was: addresses hold ids, and metrics must not."""
    found = asked.router.at(asked.request.method, asked.path)
    with invocation("http", f"{found.route.method} {found.route.path}" if found else "no route") as told:
        response = await answer(asked.request, lambda: _serve(known, asked))
        told.outcome = str(response.status)
    return response


async def _serve(known: Known, asked: _Asked) -> Response:
    request = asked.request
    if request.principal.is_known and not request.principal.roles and not _is_open(asked):
        raise without_role()
    found = asked.router.find(request.method, asked.path)
    if found.route.needs is not None:
        require(request, found.route.needs, by_person=found.route.by_person)
    services = known()
    await _unforged(services, request, found)
    return await _carried_out(services, replace(request, route=found.parameters), found.route)


async def _carried_out(services: Services, request: Request, route: Route) -> Response:
    """Answer a look with its tag; act once for each Idempotency-Key, and only on what is as the caller saw it."""
    if route.is_safe:
        return told_once(await route.handler(services, request), request)

    async def act() -> Response:
        await unchanged(services, request, route.guarded_by)
        return await route.handler(services, request)

    return await once(services, request, lambda: answer(request, act))


async def _unforged(services: Services, request: Request, found: Found) -> None:
    """Let a change through only where a browser was not talked into it; whoever holds a key or token is no browser."""
    if found.route.is_safe or request.principal.kind not in {"person", "anonymous"}:
        return
    came_from_our_page(request)
    if found.route.form and request.principal.kind == "person":
        await form_was_given(services, request)
