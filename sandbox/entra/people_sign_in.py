"""People sign in: a page that lists the tenant's people, an authorization code, an ID token."""

import html
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.entra.directory import Directory
from sandbox.entra.objects import Document
from sandbox.entra.refusals import Refusal
from sandbox.entra.tokens import Tokens

_LISTED_AT_MOST = 200
_CODE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One authorization code, good once for ten minutes."""

    client_id: str
    redirect_uri: str
    nonce: str
    user: Document
    made_at: float


@dataclass(slots=True, kw_only=True)
class PeopleSignIn:
    """The authorization code flow. No password is asked for: whoever clicks on a name is that person."""

    directory: Directory
    tokens: Tokens
    own_url: Callable[[], str]
    _codes: dict[str, Code] = field(default_factory=dict)

    async def page(self, request: Request) -> Response:
        """Show the tenant's people as buttons; `login_hint` names one and skips the page."""
        asked = request.query_params
        self._check(asked)
        if hint := asked.get("login_hint"):
            return self._redirect(asked, self._user(hint))
        people = [entry.current for entry in self.directory.users][:_LISTED_AT_MOST]
        return HTMLResponse(_page(asked, people))

    async def choose(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self._check(form)
        return self._redirect(form, self._user(form.get("user", "")))

    def _check(self, asked: Mapping[str, str]) -> None:
        for name in ("client_id", "redirect_uri"):
            if not asked.get(name):
                raise Refusal(900144, resource=name)
        client_id = asked["client_id"]
        application = self.directory.applications.find_by_app_id(client_id)
        if application is None:
            raise Refusal(700016, app=client_id)
        known = [u for kind in ("web", "spa", "publicClient") for u in _uris(application.current.get(kind))]
        if asked["redirect_uri"] not in known:
            raise Refusal(50011, app=client_id, resource=asked["redirect_uri"])

    def _user(self, name: str) -> Document:
        for entry in self.directory.users:
            if name.lower() in {entry.id.lower(), str(entry.current.get("userPrincipalName", "")).lower()}:
                return entry.current
        raise Refusal(50034, name=name)

    def _redirect(self, asked: Mapping[str, str], user: Document) -> Response:
        code = secrets.token_urlsafe(48)
        self._codes[code] = Code(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            nonce=asked.get("nonce", ""),
            user=user,
            made_at=time.monotonic(),
        )
        answer = {"code": code, "state": asked.get("state", ""), "session_state": secrets.token_hex(16)}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", status_code=302)

    def redeem(self, form: Mapping[str, str]) -> dict[str, str]:
        """Give an ID token (and the same as access token) for a code; 70008 for a used or old one."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.client_id != form["client_id"] or time.monotonic() - code.made_at > _CODE_SECONDS:
            raise Refusal(70008)
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refusal(50011, app=code.client_id, resource=form.get("redirect_uri", ""))
        token = self._id_token(code)
        return {"id_token": token, "access_token": token, "scope": "openid profile email"}

    def _id_token(self, code: Code) -> str:
        now = int(time.time())
        claims = {
            "aud": code.client_id,
            "iss": f"{self.own_url()}/{self.directory.tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + self.tokens.lifetime_seconds,
            "name": code.user.get("displayName"),
            "oid": code.user["id"],
            "sub": code.user["id"],
            "preferred_username": code.user.get("userPrincipalName"),
            "email": code.user.get("mail"),
            "tid": self.directory.tenant_id,
            "roles": self._roles(code),
            "groups": [group for group, members in self.directory.members.items() if code.user["id"] in members],
            "ver": "2.0",
            **({"nonce": code.nonce} if code.nonce else {}),
        }
        return self.tokens.sign(claims)

    def _roles(self, code: Code) -> list[str]:
        application = self.directory.applications.find_by_app_id(code.client_id)
        roles = [] if application is None else application.current.get("appRoles", [])
        names = {role["id"]: role["value"] for role in roles}
        held = [a["appRoleId"] for a in self.directory.assignments if a["principalId"] == code.user["id"]]
        return [names[role_id] for role_id in held if role_id in names]


def _uris(part: object) -> list[str]:
    return list(part.get("redirectUris") or ()) if isinstance(part, Mapping) else []


def _page(asked: Mapping[str, str], people: list[Document]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in asked.items()
    )
    buttons = "".join(
        f'<li><button name="user" value="{html.escape(user["id"])}">{html.escape(str(user.get("displayName")))}'
        f"<br><small>{html.escape(str(user.get('userPrincipalName')))}</small></button></li>"
        for user in people
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox sign-in</title></head><body>'
        f'<h1>Who are you?</h1><form method="post">{hidden}<ul>{buttons}</ul></form></body></html>'
    )
