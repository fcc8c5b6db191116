"""Azure Resource Manager: what clients need to sign in (azure-cli.md "Resource Manager"), machines and web apps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.arm_run_commands import RunCommands
from sandbox.arm_sites import Sites
from sandbox.entra.tokens import MANAGEMENT, TokenError, Tokens
from sandbox.shared import FaultMiddleware, Faults

_AUDIENCES = (MANAGEMENT, "https://management.azure.com")


@dataclass(slots=True, kw_only=True)
class ResourceManager:
    """Tenants, no subscriptions, where the other parts are, machines that run commands, and web apps."""

    tokens: Tokens
    authority_url: Callable[[], str]
    graph_url: Callable[[], str]
    machines: RunCommands = field(default_factory=RunCommands)
    sites: Sites = field(default_factory=lambda: Sites(lambda _vault, _name: None))

    def machine_routes(self) -> list[Route]:
        """Give the routes of machines and their run commands."""
        return self.machines.routes(self._refusal)

    def site_routes(self) -> list[Route]:
        """Give the routes of web apps and their settings."""
        return self.sites.routes(self._refusal)

    async def tenants(self, request: Request) -> Response:
        tenant = self.tokens.tenant_id
        entry = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Sandbox", "tenantCategory": "Home"}
        return self._refusal(request) or JSONResponse({"value": [entry]})

    async def subscriptions(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"value": [], "count": {"type": "Total", "value": 0}})

    async def endpoints(self, _request: Request) -> Response:
        authentication = {"loginEndpoint": self.authority_url(), "audiences": [f"{MANAGEMENT}/"], "tenant": "common"}
        cloud = {"name": "Sandbox", "authentication": authentication, "graph": self.graph_url()}
        return JSONResponse([{**cloud, "microsoftGraphResourceId": self.graph_url()}])

    def _refusal(self, request: Request) -> Response | None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            self.tokens.validate(token, _AUDIENCES)
        except TokenError as error:
            body = {"error": {"code": "AuthenticationFailed", "message": f"Authentication failed: {error}"}}
            return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return None


def make_arm(manager: ResourceManager, *, faults: Faults) -> Starlette:
    """Give the ASGI application (faults: part "arm")."""
    return Starlette(
        routes=[
            Route("/tenants", manager.tenants),
            Route("/subscriptions", manager.subscriptions),
            Route("/metadata/endpoints", manager.endpoints),
            *manager.machine_routes(),
            *manager.site_routes(),
        ],
        middleware=[Middleware(FaultMiddleware, faults=faults, part="arm")],
    )
