"""
App Service's own sign-in before a host (platform.md D2): who came through Entra is told to the app in headers.

`/.auth/login/aad`, its callback, `/.auth/logout` and `/.auth/me` are answered here. Any request may pass (the action
"allow anonymous"); what it claims to be in headers of ours is taken away first, whoever sent it. A session is a cookie
of this host alone; a bearer token for the sign-in's application counts without one.
"""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "AppServiceAuthSession"
STATE_COOKIE = "AppServiceAuthState"
SESSION_SECONDS = 8 * 3600
OURS = b"x-ms-client-principal"
_LONG = {
    "oid": "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "tid": "http://schemas.microsoft.com/identity/claims/tenantid",
    "sub": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
}
"""Names that the platform gives to claims of a token; all others keep theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSite:
    """The tenant's sign-in and our application there."""

    authority: str
    tenant_id: str
    client_id: str

    @property
    def base(self) -> str:
        return f"{self.authority.rstrip('/')}/{self.tenant_id}"


@dataclass(slots=True, kw_only=True)
class EasyAuth:
    """An ASGI application around the host's own."""

    app: ASGIApp
    site: SignInSite
    _sessions: dict[str, tuple[dict[str, Any], float]] = field(default_factory=dict)
    _awaited: dict[str, str] = field(default_factory=dict)
    """By state: where the browser wanted to go."""
    _keys: jwt.PyJWKClient | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        answered = await self._own(request)
        if answered is not None:
            await answered(scope, receive, send)
            return
        claims = self._claims(request)
        kept = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(OURS)]
        told = _headers(claims) if claims else {}
        scope["headers"] = [*kept, *((name.encode(), value.encode()) for name, value in told.items())]
        await self.app(scope, receive, send)

    async def _own(self, request: Request) -> Response | None:
        match request.url.path.rstrip("/"):
            case "/.auth/login/aad":
                return self._login(request)
            case "/.auth/login/aad/callback":
                return await self._callback(request)
            case "/.auth/logout":
                return self._logout(request)
            case "/.auth/me":
                claims = self._claims(request)
                return JSONResponse([_told(claims)]) if claims else Response(status_code=401)
        return None

    def _login(self, request: Request) -> Response:
        state = secrets.token_urlsafe(24)
        self._awaited[state] = _within(request.query_params.get("post_login_redirect_uri", "/"))
        asked = {
            "client_id": self.site.client_id,
            "redirect_uri": _callback_of(request),
            "response_type": "code",
            "scope": "openid profile email",
            "state": state,
            "nonce": state,
        }
        if hint := request.query_params.get("login_hint"):
            asked["login_hint"] = hint
        answer = RedirectResponse(f"{self.site.base}/oauth2/v2.0/authorize?{urlencode(asked)}", status_code=302)
        answer.set_cookie(STATE_COOKIE, state, httponly=True, secure=_is_https(request), samesite="lax", max_age=600)
        return answer

    async def _callback(self, request: Request) -> Response:
        """Redeem the code that the sign-in sent along; whoever did not begin here gets nothing."""
        state = request.query_params.get("state", "")
        back = self._awaited.pop(state, None)
        if back is None or request.cookies.get(STATE_COOKIE) != state:
            return Response(status_code=401)
        form = {
            "grant_type": "authorization_code",
            "client_id": self.site.client_id,
            "code": request.query_params.get("code", ""),
            "redirect_uri": _callback_of(request),
        }
        async with httpx.AsyncClient() as client:
            granted = await client.post(f"{self.site.base}/oauth2/v2.0/token", data=form)
        claims = self._verified(granted.json().get("id_token", "")) if granted.is_success else None
        if claims is None or claims.get("nonce") != state:
            return Response(status_code=401)
        session = secrets.token_urlsafe(32)
        self._sessions[session] = (claims, time.monotonic() + SESSION_SECONDS)
        answer = RedirectResponse(back, status_code=302)
        answer.delete_cookie(STATE_COOKIE)
        answer.set_cookie(COOKIE, session, httponly=True, secure=_is_https(request), samesite="lax")
        return answer

    def _logout(self, request: Request) -> Response:
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        answer = RedirectResponse(_within(request.query_params.get("post_logout_redirect_uri", "/")), status_code=302)
        answer.delete_cookie(COOKIE)
        return answer

    def _claims(self, request: Request) -> dict[str, Any] | None:
        claims, until = self._sessions.get(request.cookies.get(COOKIE, ""), (None, 0.0))
        if claims is not None and time.monotonic() < until:
            return claims
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._verified(token) if scheme.lower() == "bearer" else None

    def _verified(self, token: str) -> dict[str, Any] | None:
        """Read a token of our tenant for our application; None for any other."""
        if self._keys is None:
            self._keys = jwt.PyJWKClient(f"{self.site.base}/discovery/v2.0/keys")
        issuers = [f"{self.site.base}/v2.0", f"https://sts.windows.net/{self.site.tenant_id}/"]
        audiences = [self.site.client_id, f"api://{self.site.client_id}"]
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=["RS256"], audience=audiences, issuer=issuers, leeway=300
            )
        except jwt.PyJWTError:
            return None
        return claims


def _headers(claims: Mapping[str, Any]) -> dict[str, str]:
    name = str(claims.get("preferred_username") or claims.get("appid") or claims["oid"])
    principal = base64.b64encode(json.dumps(_principal(claims)).encode()).decode()
    return {
        "x-ms-client-principal": principal,
        "x-ms-client-principal-id": str(claims["oid"]),
        "x-ms-client-principal-name": name.encode("ascii", "backslashreplace").decode(),
        "x-ms-client-principal-idp": "aad",
    }


def _principal(claims: Mapping[str, Any]) -> dict[str, Any]:
    told = []
    for name, value in claims.items():
        values = value if isinstance(value, list) else [value]
        told += [{"typ": _LONG.get(name, name), "val": str(each)} for each in values if each is not None]
    return {
        "auth_typ": "aad",
        "claims": told,
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    }


def _told(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "provider_name": "aad",
        "user_id": claims.get("preferred_username") or claims["oid"],
        "user_claims": _principal(claims)["claims"],
    }


def _callback_of(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/.auth/login/aad/callback"


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"


def _within(address: str) -> str:
    """Go on within this site only."""
    parts = urlsplit(address)
    within = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if within else "/"
