"""`rest-template`, over real HTTPS: as much of GitLab, HCP Terraform and Auth0 as its presets ask of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.contract.harness_base import CANARY_MARK, CLIENT
from tests.contract.https_harness import HttpsHarness

VARIABLE = "AZURE_CLIENT_SECRET"
AUTH0_TOKEN = f"{CANARY_MARK}issued"


def variable(**flags: Any) -> dict[str, Any]:
    """Make a variable as GitLab shows it."""
    told = {"variable_type": "env_var", "key": VARIABLE, "value": "first~value", "environment_scope": "*"}
    return {**told, "protected": True, "masked": True, "hidden": False, "raw": True, "description": None, **flags}


@dataclass(slots=True)
class Products:
    """What was written, and what every request bore."""

    token: str
    variables: list[dict[str, Any]] = field(default_factory=lambda: [variable()])
    terraform: dict[str, Any] = field(
        default_factory=lambda: {"key": "client_secret", "value": "first", "sensitive": True, "category": "env"}
    )
    auth0: dict[str, Any] = field(
        default_factory=lambda: {
            "id": "con_1",
            "name": "contoso-entra",
            "display_name": "Contoso",
            "strategy": "waad",
            "options": {"client_id": CLIENT, "client_secret": "first", "domain": "contoso.example", "scopes": ["a"]},
        }
    )
    writes: int = 0
    bodies: list[Any] = field(default_factory=list)
    raw_paths: list[str] = field(default_factory=list)
    """Paths as they came, escapes and all."""
    custom: dict[str, Any] = field(default_factory=dict)
    custom_headers: list[Mapping[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        gitlab, place = "/api/v4/projects/{project:path}/variables/{key}", "/api/v2/workspaces/ws-1/vars/var-1"
        return Starlette(
            routes=[
                Route(gitlab, self.read_variable, methods=["GET"]),
                Route(gitlab, self.put_variable, methods=["PUT"]),
                Route(place, self.read_terraform, methods=["GET"]),
                Route("/api/v2/vars/var-1", self.patch_terraform, methods=["PATCH"]),
                Route("/api/v2/connections/con_1", self.read_auth0, methods=["GET"]),
                Route("/api/v2/connections/con_1", self.patch_auth0, methods=["PATCH"]),
                Route("/oauth/token", self.issue, methods=["POST"]),
                Route("/custom/{path:path}", self.read_custom, methods=["GET"]),
                Route("/custom/{path:path}", self.write_custom, methods=["POST", "PUT"]),
            ]
        )

    def _of(self, request: Request) -> dict[str, Any] | None:
        """Give the variable with the scope that is asked for; GitLab refuses where several have the name."""
        self.raw_paths.append(request.scope["raw_path"].decode())
        scope = request.query_params.get("filter[environment_scope]")
        found = [each for each in self.variables if each["key"] == request.path_params["key"]]
        return next((each for each in found if scope in (None, each["environment_scope"])), None)

    async def read_variable(self, request: Request) -> Response:
        found = self._of(request)
        if refused := self._refused(request):
            return refused
        if found is None:
            return JSONResponse({"message": "404 Variable Not Found"}, status_code=404)
        return JSONResponse(found | {"value": None} if found["hidden"] else found)

    async def put_variable(self, request: Request) -> Response:
        found, given = self._of(request), await request.json()
        if refused := self._refused(request):
            return refused
        if found is None:
            return JSONResponse({"message": "404 Variable Not Found"}, status_code=404)
        self.bodies.append(given)
        self.writes += 1
        found.update(given)
        return JSONResponse(found)

    async def read_terraform(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        return JSONResponse(self._terraform())

    def _terraform(self) -> dict[str, Any]:
        shown = self.terraform | ({"value": None} if self.terraform["sensitive"] else {})
        return {"data": {"id": "var-1", "type": "vars", "attributes": shown}}

    async def patch_terraform(self, request: Request) -> Response:
        given = await request.json()
        if refused := self._refused(request):
            return refused
        if request.headers["content-type"] != "application/vnd.api+json" or given["data"]["id"] != "var-1":
            return JSONResponse({"errors": [{"status": "415"}]}, status_code=415)
        self.writes += 1
        self.terraform.update(given["data"]["attributes"])
        return JSONResponse(self._terraform())

    async def read_auth0(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        return JSONResponse(self.auth0)

    async def patch_auth0(self, request: Request) -> Response:
        """Override `options` entire, and the display name too where it is left out, as Auth0 does."""
        given = await request.json()
        if refused := self._refused(request):
            return refused
        self.writes += 1
        self.bodies.append(given)
        self.auth0.update({"display_name": self.auth0["name"], **given})
        return JSONResponse(self.auth0)

    async def issue(self, request: Request) -> Response:
        asked = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.bodies.append(asked)
        if asked.get("client_secret") != f"{CANARY_MARK}connection":
            return JSONResponse({"error": "access_denied"}, status_code=401)
        self.token = AUTH0_TOKEN
        return JSONResponse({"access_token": AUTH0_TOKEN, "token_type": "Bearer", "expires_in": 86400})

    async def read_custom(self, request: Request) -> Response:
        found = self.custom.get(request.path_params["path"])
        return JSONResponse(found) if found is not None else Response(status_code=404)

    async def write_custom(self, request: Request) -> Response:
        self.writes += 1
        self.custom_headers.append(dict(request.headers))
        self.raw_paths.append(request.scope["raw_path"].decode())
        self.bodies.append((await request.body()).decode())
        self.custom.setdefault(request.path_params["path"], {"updated_at": "2026-11-22T10:00:00Z"})
        return Response(status_code=204)

    def _refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return JSONResponse({"message": "401 Unauthorized"}, status_code=401)


class RestTemplateHarness(HttpsHarness):
    kind = "rest-template"
    keeps_order = False
    has_no_mark = True
    connection: ClassVar[Mapping[str, object] | None] = {"type": "token", "secret": "connection"}
    changes = "PUT"

    def __init__(self) -> None:
        super().__init__()
        self.products = Products(self.connection_text)

    def product(self) -> Starlette:
        return self.products.app()

    @property
    def settings(self) -> Mapping[str, object]:
        preset = {"name": "gitlab-variable", "address": self.url, "project": "contoso/erp", "key": VARIABLE}
        return {"preset": preset, "private_network": True}

    async def taken(self) -> int:
        return self.products.writes
