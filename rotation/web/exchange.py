"""A request and a response, free of the Functions SDK, so that handlers can be called by anything."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote

from rotation.web.principal import ANONYMOUS, Principal
from rotation.workflows.facts import facts
from rotation.workflows.services import Services

KEYED = "/api"
"""Where the API stands for whoever holds a function key."""
SIGNED_IN = "/entra/api"
"""Where the same API stands for whom Entra signed in: people, and applications with a token."""

_SIGNED = re.compile("/*snooze/.*", re.IGNORECASE | re.DOTALL)
"""Whose address is its own proof, and may be acted on by whoever reads it."""

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. Header names are lower-case; of a repeated query parameter all values stand, with commas."""

    method: str
    path: str
    route: Mapping[str, str] = field(default_factory=dict)
    """The parameters that stand in the path, decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    principal: Principal = ANONYMOUS
    base: str = KEYED
    """Below which the API stands for this caller."""

    @property
    def by(self) -> str:
        """Who asks, for the audit trail: the person or application that signed in, else that somebody holds a key."""
        return self.principal.name

    @property
    def client(self) -> str:
        """
        Give the caller's address as the platform saw it; empty where it cannot be told.

        App Service appends the address that it saw to X-Forwarded-For: whatever stands before that was sent by the
        caller, who can write anything (platform.md D2).
        """
        last = self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        host = last.rpartition(":")[0] if last.count(":") == 1 or last.startswith("[") else last
        try:
            return str(ip_address(host.strip("[]")))
        except ValueError:
            return ""

    @property
    def where(self) -> str:
        """From where something was said, for the audit trail."""
        door = "http" if self.base == KEYED else "web"
        return f"{door} from {self.client}" if self.client else door

    @property
    def logged(self) -> str:
        """Give the path as logs may keep it: without the token of a signed link."""
        return "/snooze/{token}" if _SIGNED.fullmatch(self.path) else self.path

    def address(self, *parts: str) -> str:
        """Give an address of the API as this caller reaches it."""
        return "/".join((self.base, *(quote(part, safe="") for part in parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered: a value that travels as JSON, text of another kind, or bytes; and headers beside it."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON
    passing: bool = False
    """Asked once more it may come out otherwise, so no Idempotency-Key keeps it."""

    def content(self) -> bytes:
        """Give the body as it travels; None travels as nothing."""
        match self.body:
            case None:
                return b""
            case bytes():
                return self.body
            case str() if not self.media_type.endswith("json"):
                return self.body.encode()
            case value:
                return json.dumps(facts(value), ensure_ascii=False).encode()

    def text(self) -> str:
        """Give the body as text."""
        return self.content().decode()


type Handler = Callable[[Services, Request], Awaitable[Response]]


def ok(value: object) -> Response:
    """Answer with *value*."""
    return Response(status=200, body=value)


def page(html: str, *, status: int = 200) -> Response:
    """Answer with a page."""
    return Response(status=status, body=html, media_type=HTML)


def see_other(address: str) -> Response:
    """Send a browser on after a form was taken, so that reloading repeats nothing (RFC 9110, 303)."""
    return Response(status=303, headers={"Location": address})


def accepted(address: str, **told: object) -> Response:
    """Answer that it is begun, and where it can be followed."""
    return Response(status=202, body={**told, "address": address}, headers={"Location": address})
