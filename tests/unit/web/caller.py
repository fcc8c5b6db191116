"""Call a handler as a trigger does, and read the answer as a caller does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from rotation.web import doors
from rotation.web.exchange import Handler, Request
from rotation.web.principal import KEY, Principal
from rotation.web.problems import PROBLEM, answer
from tests.fakes.world import World


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = ""

    @property
    def slug(self) -> str:
        assert self.media_type == PROBLEM
        return str(self.body["type"]).partition("#")[2]


async def call(
    world: World,
    handler: Handler,
    body: object = None,
    *,
    raw: bytes | None = None,
    route: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/api/x",
    query: Mapping[str, str] | None = None,
    by: Principal = KEY,
) -> Answer:
    """Send *body* as JSON, or *raw* as it is."""
    sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    request = Request(
        method="POST",
        path=path,
        route=route or {},
        query=query or {},
        headers=headers or {},
        body=sent,
        principal=by,
    )
    response = await answer(request, lambda: handler(world.services(), request))
    return Answer(
        status=response.status,
        body=json.loads(response.text()),
        headers=response.headers,
        media_type=response.media_type,
    )


async def come(
    world: World,
    method: str,
    path: str,
    body: object = None,
    *,
    by: Mapping[str, str] | None = None,
    **headers: str,
) -> Answer:
    """Come in by the door that is meant: with a key, or as whom App Service's headers tell; headers with _ for -."""
    address, _, text = path.partition("?")
    sent = b"" if body is None else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()} | {"content-type": "application/json"}
    door, base = (doors.open_door, "/entra/api") if by is not None else (doors.keyed, "/api")
    request = Request(
        method=method,
        path=f"{base}/{address}",
        query=dict(parse_qsl(text)),
        headers={**told, **(by or {})},
        body=sent,
    )
    response = await door(world.services, request, sign_in_stands=True)
    content = response.text()
    read = json.loads(content) if content and response.media_type.endswith("json") else content
    return Answer(status=response.status, body=read, headers=response.headers, media_type=response.media_type)
