"""`make_downstream`: the receivers' addresses. Secrets are stored and used here, never logged or answered."""

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.downstream.downstream import Downstream
from sandbox.downstream.holders import Holder
from sandbox.downstream.webhooks import Hook, Rejected
from sandbox.downstream.wire import Identity, Reference, Unreadable, Wire
from sandbox.shared import FaultMiddleware, Faults, SandboxClock


def make_downstream(
    *,
    clock: SandboxClock,
    faults: Faults,
    authority_url: Callable[[], str],
    tenant_id: str,
    ca_file: str,
    identity: Identity | None = None,
) -> Starlette:
    """
    Build the receivers' application (faults: part "downstream"); `app.state.downstream` holds them.

    POST /hooks/{name}        a Standard Webhooks delivery: {"type", "data": {"client_id", "key_id", "nonce"?,
                              "secret": {"vault_url", "name", "version"?} or "secret_text"}} -> signed answer
    GET /hooks/{name}/state   signed likewise, over an empty body -> signed answer
    POST /people/{name}       {"vault_url", "name", "version"?, "client_id"?}: hand a person a reference
    GET /people/{name}        what the person's portal holds and how its last sign-in went
    """
    wire = Wire(clock=clock, authority_url=authority_url, tenant_id=tenant_id, ca_file=ca_file)
    downstream = Downstream(wire=wire, identity=identity)
    doors = _Doors(downstream)
    app = Starlette(
        routes=[
            Route("/hooks/{name}", doors.deliver, methods=["POST"]),
            Route("/hooks/{name}/state", doors.hook_state, methods=["GET"]),
            Route("/people/{name}", doors.hand_over, methods=["POST"]),
            Route("/people/{name}", doors.person_state, methods=["GET"]),
        ],
        exception_handlers={Rejected: _reject, Unreadable: _unreadable},
    )
    app.state.downstream = downstream
    app.add_middleware(FaultMiddleware, faults=faults, part="downstream")
    return app


class _Doors:
    def __init__(self, downstream: Downstream) -> None:
        self._downstream = downstream

    async def deliver(self, request: Request) -> Response:
        hook, identifier, body = await self._verified(request)
        answer = await hook.receive(identifier, body, wire=self._downstream.wire, identity=self._downstream.identity)
        return self._signed(hook, identifier, answer)

    async def hook_state(self, request: Request) -> Response:
        hook, identifier, _ = await self._verified(request)
        return self._signed(hook, identifier, hook.holder.state())

    async def hand_over(self, request: Request) -> Response:
        person = self._person(request)
        try:
            said = await request.json()
            reference = Reference(vault_url=said["vault_url"], name=said["name"], version=said.get("version"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Rejected(422, "a person needs vault_url and name") from error
        await self._downstream.hand_over(person.name, reference, client_id=said.get("client_id", ""))
        await self._downstream.use(person.name)
        return JSONResponse(person.state())

    async def person_state(self, request: Request) -> Response:
        return JSONResponse(self._person(request).state())

    async def _verified(self, request: Request) -> tuple[Hook, str, bytes]:
        hook = self._downstream.hooks.get(request.path_params["name"])
        if hook is None:
            raise Rejected(404, "no such hook")
        body = await request.body()
        return hook, hook.check(request.headers, body, now=self._downstream.wire.clock.now()), body

    def _person(self, request: Request) -> Holder:
        holder = self._downstream.holders.get(request.path_params["name"])
        if holder is None or holder.kind != "person":
            raise Rejected(404, "no such person")
        return holder

    def _signed(self, hook: Hook, identifier: str, answer: dict[str, Any]) -> Response:
        body = json.dumps(answer).encode()
        headers = hook.sign(identifier, body, now=self._downstream.wire.clock.now())
        return Response(body, headers=headers, media_type="application/json")


async def _reject(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Rejected)
    return JSONResponse({"error": error.reason}, error.status)


async def _unreadable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Unreadable)
    return JSONResponse({"error": f"cannot read the vault: {error}"}, 502)
