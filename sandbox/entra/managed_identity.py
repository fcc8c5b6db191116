"""The App Service managed-identity endpoint: plain http, a header as proof (platform.md B2)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra.refusals import Refusal
from sandbox.entra.sign_in import SignInDesk
from sandbox.shared import FaultMiddleware, Faults

API_VERSION = "2019-08-01"


@dataclass(slots=True, kw_only=True)
class ManagedIdentity:
    """Issue tokens of `default` (the application's own identity), or of another of `identities` by client_id."""

    desk: SignInDesk
    header: str
    default: str = ""
    identities: set[str] = field(default_factory=set)

    async def token(self, request: Request) -> Response:
        problem = self._problem(request.headers, request.query_params)
        if problem is not None:
            return JSONResponse({"statusCode": problem[0], "message": problem[1]}, status_code=problem[0])
        asked = request.query_params
        app_id = asked.get("client_id", self.default).lower()
        try:
            with self.desk.directory.lock:
                access_token = self.desk.for_identity(app_id, asked["resource"])
        except Refusal as refusal:
            text = refusal.body(now=self.desk.directory.clock.now(), correlation_id="")["error_description"]
            return JSONResponse({"statusCode": 400, "message": text}, status_code=400)
        # The token itself is good by the real clock; whoever reads expires_on lives in the moved one.
        expires_on = int(self.desk.directory.clock.now().timestamp()) + self.desk.tokens.lifetime_seconds
        return JSONResponse(
            {
                "access_token": access_token,
                "expires_on": str(expires_on),
                "resource": asked["resource"],
                "token_type": "Bearer",
                "client_id": app_id,
            }
        )

    def _problem(self, headers: Mapping[str, str], asked: Mapping[str, str]) -> tuple[int, str] | None:
        if not hmac.compare_digest(headers.get("x-identity-header", ""), self.header):
            return 401, "The X-IDENTITY-HEADER header is missing or wrong."
        if asked.get("api-version") != API_VERSION or not asked.get("resource"):
            return 400, f"api-version {API_VERSION} and resource are required."
        known = {self.default.lower(), *(i.lower() for i in self.identities)} - {""}
        if asked.get("client_id", self.default).lower() not in known:
            return (
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
            )
        return None


def make_managed_identity(identity: ManagedIdentity, *, faults: Faults) -> Starlette:
    """Give the ASGI application (faults: part "identity")."""
    return Starlette(
        routes=[Route("/msi/token", identity.token, methods=["GET"])],
        middleware=[Middleware(FaultMiddleware, faults=faults, part="identity")],
    )
