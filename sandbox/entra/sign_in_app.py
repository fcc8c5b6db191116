"""The sign-in service over HTTP: discovery, keys, the token endpoint, and the page where people sign in."""

import base64
import binascii
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import jwt
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra.people_sign_in import PeopleSignIn
from sandbox.entra.refusals import Refusal
from sandbox.entra.sign_in import SignInDesk, source_of
from sandbox.shared import FaultMiddleware, Faults

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_METHODS = ["client_secret_post", "private_key_jwt", "client_secret_basic"]


@dataclass(slots=True, kw_only=True)
class SignInApp:
    """The endpoints of one tenant."""

    desk: SignInDesk
    people: PeopleSignIn
    own_url: Callable[[], str]

    def _tenant(self, request: Request) -> str:
        """Give the tenant of the path; 90002 unless it is ours or a common name."""
        asked: str = request.path_params["tenant"]
        ours = self.desk.directory.tenant_id
        if asked.lower() not in {ours, self.desk.directory.default_domain, "common", "organizations"}:
            raise Refusal(90002, tenant=asked)
        return ours

    async def configuration(self, request: Request) -> Response:
        """Answer what MSAL needs (platform.md B2)."""
        tenant = self._tenant(request)
        base = f"{self.own_url()}/{tenant}"
        return JSONResponse(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "tenant_region_scope": None,
            }
        )

    async def instance(self, _request: Request) -> Response:
        host = self.own_url().removeprefix("https://")
        tenant = self.desk.directory.tenant_id
        alias = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        endpoint = f"{self.own_url()}/{tenant}/v2.0/.well-known/openid-configuration"
        return JSONResponse({"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [alias]})

    async def keys(self, request: Request) -> Response:
        self._tenant(request)
        tokens = self.desk.tokens
        key: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(tokens.public_key))
        return JSONResponse({"keys": [{**key, "use": "sig", "kid": tokens.key_id, "alg": "RS256"}]})

    async def token(self, request: Request) -> Response:
        """Issue a token for client_credentials or an authorization code; unknown fields pass."""
        self._tenant(request)
        form = {name: str(value) for name, value in (await request.form()).items()}
        form.update(_basic(request.headers))
        with self.desk.directory.lock:
            granted = self._grant(form, request)
        lifetime = self.desk.tokens.lifetime_seconds
        common = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime}
        return JSONResponse({**common, **granted}, headers={"Cache-Control": "no-store"})

    def _grant(self, form: Mapping[str, str], request: Request) -> dict[str, str]:
        for name in ("grant_type", "client_id"):
            if not form.get(name):
                raise Refusal(900144, resource=name)
        source = source_of(request.headers, request.client.host if request.client else "")
        if form["grant_type"] == "authorization_code":
            if form.get("client_secret"):
                self.desk.for_person(form["client_id"].lower(), form["client_secret"], source=source)
            return self.people.redeem(form)
        if form["grant_type"] != "client_credentials":
            raise Refusal(70003, resource=form["grant_type"])
        if not form.get("scope"):
            raise Refusal(900144, resource="scope")
        app_id, scope = form["client_id"].lower(), form["scope"]
        if form.get("client_secret"):
            return {"access_token": self.desk.by_secret(app_id, form["client_secret"], scope=scope, source=source)}
        if form.get("client_assertion_type") == _ASSERTION and form.get("client_assertion"):
            assertion = form["client_assertion"]
            return {"access_token": self.desk.by_assertion(app_id, assertion, scope=scope, source=source)}
        raise Refusal(7000218)

    def refuse(self, refusal: Refusal, request: Request) -> Response:
        correlation = request.headers.get("client-request-id", str(uuid.uuid4()))
        now = self.desk.directory.clock.now()
        body = refusal.body(now=now, correlation_id=correlation)
        return JSONResponse(body, status_code=refusal.status, headers={"Cache-Control": "no-store"})


def _basic(headers: Mapping[str, str]) -> dict[str, str]:
    """Read the client from an Authorization header of scheme Basic."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client, _, secret = base64.b64decode(text).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Refusal(7000218) from error
    return {"client_id": unquote(client), "client_secret": unquote(secret)}


def make_sign_in(service: SignInApp, *, faults: Faults) -> Starlette:
    """Give the ASGI application of the authority (faults: part "signin")."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return service.refuse(error, request)

    def route(path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
        return Route(path, endpoint, methods=list(methods) or ["GET"])

    return Starlette(
        routes=[
            route("/common/discovery/instance", service.instance),
            route("/{tenant}/discovery/instance", service.instance),
            route("/{tenant}/v2.0/.well-known/openid-configuration", service.configuration),
            route("/{tenant}/.well-known/openid-configuration", service.configuration),
            route("/{tenant}/discovery/v2.0/keys", service.keys),
            route("/{tenant}/oauth2/v2.0/token", service.token, "POST"),
            route("/{tenant}/oauth2/v2.0/authorize", service.people.page),
            route("/{tenant}/oauth2/v2.0/authorize", service.people.choose, "POST"),
        ],
        exception_handlers={Refusal: refused},
        middleware=[Middleware(FaultMiddleware, faults=faults, part="signin", error_body=_error)],
    )


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": code, "error_description": message, "error_codes": []}
