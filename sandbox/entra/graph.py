"""The sandbox's Microsoft Graph: who calls, what it costs, who answers, and the headers of every answer."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.entra.answers import Answer, GraphError, GraphRequest, answer, refusal
from sandbox.entra.batch import run_batch
from sandbox.entra.directory import Directory
from sandbox.entra.quotas import Quotas, cost
from sandbox.entra.routes import find_handler
from sandbox.entra.tokens import GRAPH, Caller, TokenError, Tokens
from sandbox.shared import FaultMiddleware, Faults

log = logging.getLogger(__name__)
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
_SERVER = '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"001","RoleInstance":"SANDBOX1"}}'
METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT"]


@dataclass(slots=True, kw_only=True)
class Graph:
    """Answer Graph requests, alone or in a batch."""

    directory: Directory
    tokens: Tokens
    quotas: Quotas
    own_url: Callable[[], str]

    def caller(self, authorization: str) -> Caller:
        """Give who calls, or raise 401 as Graph does."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        try:
            return self.tokens.validate(token.strip(), (GRAPH, GRAPH_ID, self.own_url()))
        except TokenError as error:
            raise _unauthorized(f"Access token validation failure. {error}") from error

    def handle(self, request: GraphRequest) -> Answer:
        """Answer one request; an error becomes its envelope."""
        try:
            with self.directory.lock:
                charged = self._charge(request)
                made = find_handler(request)(self.directory, request)
        except GraphError as error:
            made = self.refuse(error, request.headers)
            charged = {}
        made.headers.update(charged)
        return made

    def _charge(self, request: GraphRequest) -> dict[str, str]:
        selected = request.query.get("$select", "").split(",")
        return self.quotas.charge(
            request.caller.app_id,
            units=cost(request.method, request.path, request.query),
            write=request.method != "GET",
            key_credentials="keyCredentials" in selected and request.path.strip("/") == "applications",
        )

    def refuse(self, error: GraphError, headers: Mapping[str, str]) -> Answer:
        request_id = str(uuid.uuid4())
        client_id = headers.get("client-request-id", request_id)
        date = self.directory.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
        made = refusal(error, date=date, request_id=request_id, client_request_id=client_id)
        made.headers["request-id"] = request_id
        return made


def _unauthorized(message: str) -> GraphError:
    challenge = {"WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common"'}
    return GraphError(401, "InvalidAuthenticationToken", message, headers=challenge)


def make_graph(graph: Graph, *, faults: Faults) -> Starlette:
    """Give the ASGI application of Graph."""

    async def endpoint(request: Request) -> Response:
        try:
            made = await _answer(graph, request)
        except GraphError as error:
            made = graph.refuse(error, request.headers)
        except ClientDisconnect:
            raise  # FaultMiddleware knows that nobody is left to hear an answer
        except Exception:
            log.exception("the sandbox's Graph failed on %s %s", request.method, request.url.path)
            made = graph.refuse(
                GraphError(500, "InternalServerError", "The sandbox failed; see its log."), request.headers
            )
        return _response(made, request)

    routes = [Route("/{version}/{path:path}", endpoint, methods=METHODS)]
    return Starlette(routes=routes, middleware=[Middleware(FaultMiddleware, faults=faults, part="graph")])


async def _answer(graph: Graph, request: Request) -> Answer:
    caller = graph.caller(request.headers.get("authorization", ""))
    version = request.path_params["version"]
    if version not in {"v1.0", "beta"}:
        raise GraphError(400, "BadRequest", f"Invalid version: {version}")
    body = _read(await request.body(), request.headers.get("content-type", ""))
    path = "/" + request.path_params["path"]

    def single(method: str, url: str, *, headers: Mapping[str, str], body: Any) -> GraphRequest:
        split = urlsplit(url)
        return GraphRequest(
            method=method,
            version=version,
            path=unquote(split.path),
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            caller=caller,
            base=graph.own_url(),
            replica=graph.directory.behaviour.any_read_replica(),
        )

    if path.rstrip("/") == "/$batch":
        return answer(200, {"responses": run_batch(body, single=single, handle=graph.handle)})
    one = single(request.method, "", headers=request.headers, body=body)
    one.path = path
    one.query = dict(parse_qsl(request.url.query, keep_blank_values=True))
    return graph.handle(one)


def _read(body: bytes, kind: str) -> Any:
    """Give JSON; a text stays one: mails may come as MIME."""
    if not body:
        return None
    if kind.startswith("text/plain"):
        return body.decode("ascii", errors="replace")
    try:
        return json.loads(body)
    except ValueError as error:
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from error


def _response(made: Answer, request: Request) -> Response:
    request_id = made.headers.pop("request-id", str(uuid.uuid4()))
    headers = {
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id),
        "x-ms-ags-diagnostic": _SERVER,
        **made.headers,
    }
    return Response(made.body, status_code=made.status, headers=headers)
