"""`make_vault`: one key vault as an ASGI application, as the SDKs and the Azure CLI ask it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra.tokens import VAULT, Caller, TokenError, Tokens
from sandbox.keyvault import refusals
from sandbox.keyvault.gate import Operation
from sandbox.keyvault.records import Event
from sandbox.keyvault.refusals import Refusal
from sandbox.keyvault.vault import Vault
from sandbox.keyvault.wire import Form, read_draft, read_name, read_page_size
from sandbox.shared import FaultMiddleware, Faults, SandboxClock

API_VERSIONS = frozenset(("2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"))


@dataclass(slots=True, kw_only=True)
class Visit:
    """One admitted request; handlers note in `touched` which version it came to."""

    vault: Vault
    caller: Caller
    form: Form
    name: str
    version: str | None
    query: dict[str, str]
    body: bytes = field(repr=False)
    touched: str = ""


type Handler = Callable[[Visit], Any]


def make_vault(
    *,
    name: str,
    clock: SandboxClock,
    faults: Faults,
    authority_url: Callable[[], str],
    tenant_id: str,
    tokens: Tokens,
) -> Starlette:
    """
    Build the vault's application; `app.state.vault` is its ground truth.

    Faults of part "vault" strike every vault, those of part "vault:<name>" this one.
    """
    vault = Vault(name=name, clock=clock)
    door = _Door(vault=vault, tokens=tokens, authority_url=authority_url, tenant_id=tenant_id)
    app = Starlette(routes=_routes(door), exception_handlers={Refusal: _refuse})
    app.router.redirect_slashes = False
    app.state.vault = vault
    app.add_middleware(FaultMiddleware, faults=faults, part="vault")
    app.add_middleware(FaultMiddleware, faults=faults, part=f"vault:{name}")
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """Admit a request as the vault does: token first, before anything of the request is read."""

    vault: Vault
    tokens: Tokens
    authority_url: Callable[[], str]
    tenant_id: str

    def route(self, path: str, method: str, operation: Operation, *, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            caller = self._caller(request)
            visit = Visit(
                vault=self.vault,
                caller=caller,
                form=self._form(request),
                name=request.path_params.get("name", ""),
                version=request.path_params.get("version"),
                query=dict(request.query_params),
                body=await request.body(),
            )
            return _answer(request, self._carry_out(visit, operation, handler, request=request))

        return Route(path, endpoint, methods=[method])

    def _carry_out(self, visit: Visit, operation: Operation, handler: Handler, *, request: Request) -> Any:
        outcome = "ok"
        try:
            address = "" if request.client is None else request.client.host
            self.vault.gate.check(visit.caller, operation, address=address, now=self.vault.clock.now())
            if visit.name:
                read_name(visit.name)
            return handler(visit)
        except Refusal as refusal:
            outcome = refusal.outcome
            raise
        finally:
            event = Event(
                at=self.vault.clock.now(),
                operation=operation,
                secret=visit.name,
                version=visit.touched or visit.version or "",
                app_id=visit.caller.app_id,
                object_id=visit.caller.object_id,
                outcome=outcome,
            )
            self.vault.record(event)

    def _caller(self, request: Request) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise refusals.unauthorized(self._challenge(), None)
        try:
            return self.tokens.validate(token, VAULT)
        except TokenError as error:
            challenge = f'{self._challenge()}, error="invalid_token"'
            raise refusals.unauthorized(challenge, f"AKV10022: {error}") from error

    def _challenge(self) -> str:
        return f'Bearer authorization="{self.authority_url()}/{self.tenant_id}", resource="{VAULT}"'

    def _form(self, request: Request) -> Form:
        asked = request.query_params.get("api-version", "")
        if asked not in API_VERSIONS:
            raise refusals.bad_parameter(f"The specified version ({asked}) is not recognized.")
        base = f"{request.url.scheme}://{request.url.netloc}"
        return Form(base=base, api_version=asked, purge_protection=self.vault.purge_protection)


def _routes(door: _Door) -> list[Route]:
    # Longest first: "versions" is a listing, not a version of that name.
    routes = [
        door.route("/secrets", "GET", "list", handler=_list),
        door.route("/secrets/{name}/versions", "GET", "list", handler=_list_versions),
        door.route("/deletedsecrets", "GET", "list", handler=_list_deleted),
        door.route("/deletedsecrets/{name}", "GET", "get", handler=_get_deleted),
        door.route("/deletedsecrets/{name}", "DELETE", "purge", handler=_purge),
        door.route("/deletedsecrets/{name}/recover", "POST", "recover", handler=_recover),
        door.route("/secrets/{name}/{version}", "GET", "get", handler=_get),
        door.route("/secrets/{name}/{version}", "PATCH", "update", handler=_update),
    ]
    # With and without the trailing slash: the SDKs and the CLI use both (platform.md C1).
    for path in ("/secrets/{name}", "/secrets/{name}/"):
        routes.append(door.route(path, "PUT", "set", handler=_set))
        routes.append(door.route(path, "GET", "get", handler=_get))
        routes.append(door.route(path, "PATCH", "update", handler=_update))
        routes.append(door.route(path, "DELETE", "delete", handler=_delete))
    return routes


def _set(visit: Visit) -> Any:
    secret, version = visit.vault.put(visit.name, read_draft(visit.body), by=visit.caller)
    visit.touched = version.id
    return visit.form.bundle(secret, version, text=True)


def _get(visit: Visit) -> Any:
    secret, version = visit.vault.get(visit.name, visit.version)
    visit.touched = version.id
    return visit.form.bundle(secret, version, text=True)


def _update(visit: Visit) -> Any:
    secret, version = visit.vault.update(visit.name, visit.version, read_draft(visit.body))
    visit.touched = version.id
    return visit.form.bundle(secret, version)


def _delete(visit: Visit) -> Any:
    return visit.form.deleted(visit.vault.delete(visit.name))


def _get_deleted(visit: Visit) -> Any:
    return visit.form.deleted(visit.vault.deleted(visit.name))


def _recover(visit: Visit) -> Any:
    secret = visit.vault.recover(visit.name)
    return visit.form.bundle(secret, secret.latest)


def _purge(visit: Visit) -> Any:
    visit.vault.purge(visit.name)


def _list(visit: Visit) -> Any:
    secrets = visit.vault.listed()
    return _page(visit, "secrets", {name.lower(): visit.form.item(s) for name, s in secrets.items()})


def _list_deleted(visit: Visit) -> Any:
    secrets = visit.vault.listed(deleted=True)
    items = {name.lower(): visit.form.deleted(s, item=True) for name, s in secrets.items()}
    return _page(visit, "deletedsecrets", items)


def _list_versions(visit: Visit) -> Any:
    secret = visit.vault.live(visit.name)
    # By id, which says nothing about time: nobody may take the first or the last one for the newest.
    items = {key: visit.form.bundle(secret, secret.versions[key]) for key in sorted(secret.versions)}
    return _page(visit, f"secrets/{secret.name}/versions", items)


def _page(visit: Visit, path: str, items: dict[str, Any]) -> Any:
    size = read_page_size(visit.query.get("maxresults"))
    return visit.form.page(path, items, size=size, token=visit.query.get("$skiptoken"))


def _answer(request: Request, body: Any) -> Response:
    headers = _headers(request)
    return Response(status_code=204, headers=headers) if body is None else JSONResponse(body, headers=headers)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse(error.body(), error.status, headers=_headers(request) | error.headers)


def _headers(request: Request) -> dict[str, str]:
    address = "" if request.client is None else request.client.host
    return {
        "Cache-Control": "no-cache",
        "x-ms-keyvault-region": "sandbox",
        "x-ms-client-request-id": request.headers.get("x-ms-client-request-id", ""),
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-keyvault-service-version": "1.9.2000.1",
        "x-ms-keyvault-network-info": f"conn_type=Ipv4;addr={address};act_addr_fam=InterNetwork;",
    }
