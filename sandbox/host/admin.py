"""The administration addresses, all behind the master key: run a function, list them, state, drain, move the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from sandbox.host.easy_auth import EasyAuth, SignInSite
from sandbox.host.functions import Function, HttpTrigger
from sandbox.host.host import Host
from sandbox.host.options import HostOptions

type Answerer = Callable[[Request], Awaitable[Response]]

_SETTLE_SECONDS = 10


def build_asgi(host: Host) -> ASGIApp:
    """Return the whole HTTP side of a host: administration first, then the app's own functions."""
    admin = _Admin(host)
    routes = [
        Route("/admin/functions", admin.guard(admin.list_functions), methods=["GET"]),
        Route("/admin/functions/{name}", admin.guard(admin.one_function), methods=["GET", "POST"]),
        Route("/admin/host/status", admin.guard(admin.status), methods=["GET"]),
        Route("/admin/host/ping", _home, methods=["GET", "POST"]),
        Route("/admin/host/drain", admin.guard(admin.drain), methods=["POST"]),
        Route("/admin/host/drain/status", admin.guard(admin.drain_status), methods=["GET"]),
        Route("/admin/clock", admin.guard(admin.clock), methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes)
    # Not a route: Starlette's match no line break, which a path may hold.
    app.router.default = request_response(_or_home(host))
    site = _sign_in_site(host.options)
    return EasyAuth(app=app, site=site) if site else app


def _sign_in_site(options: HostOptions) -> SignInSite | None:
    """Give the sign-in that stands before the app, where one was asked for."""
    if not options.sign_in_client:
        return None
    return SignInSite(
        authority=options.sign_in_authority, tenant_id=options.sign_in_tenant, client_id=options.sign_in_client
    )


def _or_home(host: Host) -> Answerer:
    """Serve the app's functions; the host's own page stands at `/` where none of them does (HomepageMiddleware)."""

    async def answerer(request: Request) -> Response:
        answer = await host.front.answer(request)
        no_function = answer.status_code == 404 and not host.front.serves(request)
        return await _home(request) if no_function and request.url.path == "/" else answer

    return answerer


async def _home(_request: Request) -> Response:
    return PlainTextResponse("Your Functions app is up and running (sandbox host).")


class _Admin:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._drain: asyncio.Task[None] | None = None

    def guard(self, answerer: Answerer) -> Answerer:
        """Let only the master key through."""

        async def guarded(request: Request) -> Response:
            if not self._host.keys.admit(request, "admin"):
                return Response(status_code=401)
            return await answerer(request)

        return guarded

    async def list_functions(self, _request: Request) -> Response:
        return JSONResponse([self._described(function) for function in self._host.functions.values()])

    async def one_function(self, request: Request) -> Response:
        function = self._host.functions.get(request.path_params["name"])
        if function is None:
            return Response(status_code=404)
        if request.method == "GET":
            return JSONResponse(self._described(function))
        if isinstance(function.trigger, HttpTrigger):
            return PlainTextResponse("An HTTP function is called at its own address.", status_code=400)
        body = await request.json() if await request.body() else {}
        self._host.run_now(function, str(body.get("input", "")))
        return Response(status_code=202)

    async def status(self, request: Request) -> Response:
        """Tell the state; `quiet` is true when nothing is under way. `?recent=0` leaves out what ended lately."""
        report = self._host.journal.report()
        if request.query_params.get("recent") == "0":
            del report["recent"]
        state = "Draining" if self._host.draining else "Running"
        identity = {"id": self._host.options.host_id, "instance": self._host.options.instance, "state": state}
        return JSONResponse(identity | self._clock_now() | {"quiet": report["in_flight"] == 0} | report)

    async def drain(self, _request: Request) -> Response:
        if self._drain is None:
            self._drain = asyncio.create_task(self._host.drain())
        return Response(status_code=202)

    async def drain_status(self, _request: Request) -> Response:
        state = "Disabled" if self._drain is None else "Completed" if self._drain.done() else "InProgress"
        return JSONResponse(
            {"state": state, "outstandingInvocations": len(self._host.journal.under_way), "outstandingRetries": 0}
        )

    async def clock(self, request: Request) -> Response:
        """
        Move the clock; answers when every timer is armed anew, what became due by the move under way.

        `armed` is false when a timer that ran at the move did not end soon: it is armed when it ends.
        """
        armed = True
        if request.method == "POST":
            body = await request.json()
            self._host.clock.set_offset(float(body["offset_seconds"]))
            armed = await self._settled()
        return JSONResponse(self._clock_now() | {"armed": armed})

    async def _settled(self) -> bool:
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await self._host.settled()
        except TimeoutError:
            return False
        return True

    def _clock_now(self) -> dict[str, Any]:
        clock = self._host.clock
        return {"now": clock.now().isoformat(), "offset_seconds": clock.offset_seconds}

    def _described(self, function: Function) -> dict[str, Any]:
        return {
            "name": function.name,
            "invoke_url_template": self._host.front.url_template(function),
            "isDisabled": function.disabled,
            "language": "python",
            "config": {"bindings": list(function.bindings)},
        }
