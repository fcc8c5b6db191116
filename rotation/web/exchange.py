"""A request and a response, free of the Functions SDK, so that handlers can be called by anything."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from rotation.workflows.facts import facts
from rotation.workflows.services import Services

PERSON_HEADER = "x-ms-client-principal-name"
"""Set by App Service's own sign-in, which strips it from what callers send (platform.md D2)."""

WHERE = "http"
"""Where something was said, for the audit trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. Header names are lower-case; `path` begins with `/api/`."""

    method: str
    path: str
    route: Mapping[str, str] = field(default_factory=dict)
    """The parameters that stand in the path."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def by(self) -> str:
        """Who asks: the person who signed in, else only that somebody holds a key."""
        return self.headers.get(PERSON_HEADER, "").strip() or "function key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered: JSON, and headers beside it."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def text(self) -> str:
        """Give the body as it travels."""
        return json.dumps(facts(self.body), ensure_ascii=False)


type Handler = Callable[[Services, Request], Awaitable[Response]]


def ok(value: object) -> Response:
    """Answer with *value*."""
    return Response(status=200, body=value)


def accepted(address: str, **told: object) -> Response:
    """Answer that it is begun, and where it can be followed."""
    return Response(status=202, body={**told, "address": address}, headers={"Location": address})
