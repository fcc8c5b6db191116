"""
The HTTP front: find the function of a request, check its key, run it, answer as Azure does (platform.md D2).

The first function whose route fits is taken, by the order of their names and not by how exact a route is (host,
FunctionMetadataManager; azure-functions-host issues 3153 and 9876).
A known route with another method is a 404 without a body, as in Azure (azure-functions-host issue 10098), a missing
or wrong key a 401, an exception in the function a 500 without a body.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.host.functions import Function, HttpTrigger
from sandbox.host.invoker import Call, Invoker
from sandbox.host.keys import Keys
from sandbox.host.protos import Message, TypedData


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    function: Function
    trigger: HttpTrigger


class HttpFront:
    """Serve every HTTP function below the route prefix."""

    def __init__(self, functions: Iterable[Function], *, prefix: str, keys: Keys, invoker: Invoker) -> None:
        endpoints = [
            _Endpoint(function=function, trigger=function.trigger)
            for function in functions
            if isinstance(function.trigger, HttpTrigger)
        ]
        self._endpoints = sorted(endpoints, key=lambda endpoint: endpoint.function.name.casefold())
        self._prefix = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
        self._keys = keys
        self._invoker = invoker

    async def answer(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return Response(status_code=404)
        endpoint, parameters = found
        if not self._keys.admit(request, endpoint.trigger.auth_level):
            return Response(status_code=401)
        call = Call(reason="http", trigger_value=await _http_value(request, parameters), metadata={})
        answer = await self._invoker.run(endpoint.function, call)
        return _response(answer.returned) if answer.succeeded else Response(status_code=500)

    def serves(self, request: Request) -> bool:
        """Tell whether a function stands at this address."""
        return self._find(request) is not None

    def url_template(self, function: Function) -> str | None:
        """Return the path of an HTTP function as its template."""
        trigger = function.trigger
        return f"{self._prefix}{trigger.route.text}" if isinstance(trigger, HttpTrigger) else None

    def _find(self, request: Request) -> tuple[_Endpoint, dict[str, str]] | None:
        path = request.scope.get("raw_path", b"").decode("ascii") or request.url.path
        if not f"{path}/".lower().startswith(self._prefix.lower()):
            return None
        for endpoint in self._endpoints:
            parameters = endpoint.trigger.route.match(path[len(self._prefix) :])
            methods = endpoint.trigger.methods
            if parameters is not None and (not methods or request.method in methods):
                return endpoint, parameters
        return None


async def _http_value(request: Request, parameters: dict[str, str]) -> TypedData:
    """Build RpcHttp: lower-case header names, no empty query values, a body only if Content-Length says so."""
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    query = {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}
    has_body = int(headers.get("content-length", "0")) > 0
    http = Message(
        method=request.method,
        url=str(request.url),
        headers=headers,
        params=parameters,
        query={name: value for name, value in query.items() if value},
        body=TypedData(bytes=await request.body()) if has_body else TypedData(),
    )
    return TypedData(http=http)


def _response(returned: TypedData | None) -> Response:
    if returned is None:
        return Response(status_code=204)
    http = returned.value()
    if not isinstance(http, Message):
        return Response(content=http, media_type="text/plain; charset=utf-8")
    response = Response(content=http.body.value() if http.body else b"", status_code=int(http.status_code))
    for name, value in http.headers.items():
        response.headers[name] = value
    for cookie in http.cookies or ():
        response.headers.append("set-cookie", _cookie(cookie))
    return response


def _cookie(cookie: Any) -> str:
    parts = [f"{cookie.name}={cookie.value}"]
    for label, field in (("Domain", cookie.domain), ("Path", cookie.path), ("Max-Age", cookie.max_age)):
        if field is not None and field.value is not None:
            parts.append(f"{label}={field.value:.0f}" if label == "Max-Age" else f"{label}={field.value}")
    expires = cookie.expires.value if cookie.expires is not None else None
    if isinstance(expires, datetime):
        parts.append(f"Expires={expires.astimezone(UTC):%a, %d %b %Y %H:%M:%S GMT}")
    flags = (("Secure", cookie.secure), ("HttpOnly", cookie.http_only))
    parts += [label for label, flag in flags if flag is not None and flag.value]
    return "; ".join([*parts, *([f"SameSite={cookie.same_site}"] if cookie.same_site else [])])
