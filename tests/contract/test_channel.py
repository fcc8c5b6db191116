"""Teams and mail over real HTTPS, and the fake."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from azure.core.credentials import AccessToken
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rotation.domain.secret import SecretText
from rotation.notifications.graph_mail import GraphMail
from rotation.notifications.mail import Mail
from rotation.notifications.teams import Teams
from rotation.ports.notices import Channel
from rotation.ports.vault import NewVersion
from sandbox.entra.mails import from_mime
from sandbox.shared import FaultMiddleware, Faults
from tests.contract.harness_https import Https, https
from tests.contract.promises_channel import PEOPLE, ChannelPromises, Failure, FarEnd
from tests.fakes.channel import MemoryChannel
from tests.fakes.mishaps import Mishap
from tests.fakes.vault import MemoryVault

RULES: dict[Failure, dict[str, Any]] = {
    "denied": {"action": "status", "status": 403},
    "throttled": {"action": "throttle", "retry_after": 7},
    "unavailable": {"action": "status", "status": 503},
    "lost": {"action": "drop-after"},
}
MISHAPS: dict[Failure, Mishap] = {
    "denied": Mishap.DENIED,
    "throttled": Mishap.THROTTLED,
    "unavailable": Mishap.UNAVAILABLE,
    "lost": Mishap.LOST_AFTER,
}


class Token:
    """A credential that always has one."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(f"token-of-{scopes[0]}", 4_000_000_000)

    async def close(self) -> None:
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return


@dataclass(slots=True)
class Service:
    """Teams and Graph at once: keeps what it is sent, misbehaves when told."""

    https: Https
    faults: Faults
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def arrived(self) -> list[str]:
        return [json.dumps(body, ensure_ascii=False) for body in self.bodies]

    def fail(self, how: Failure) -> None:
        self.faults.add({"part": "it", "times": 1, **RULES[how]})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    faults = Faults()
    kept: list[dict[str, Any]] = []

    async def take(request: Request) -> Response:
        body = await request.body()
        as_mime = request.headers["content-type"] == "text/plain"
        kept.append(from_mime(body.decode()) if as_mime else json.loads(body))
        return Response(status_code=202)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    app.add_middleware(FaultMiddleware, faults=faults, part="it")
    async with https(app) as served:
        yield Service(served, faults, kept)


class TestFakeChannel(ChannelPromises):
    @pytest.fixture
    def channel(self) -> MemoryChannel:
        return MemoryChannel(audiences={PEOPLE.name})

    @pytest.fixture
    def far_end(self, channel: MemoryChannel) -> FarEnd:
        @dataclass
        class Kept:
            def arrived(self) -> list[str]:
                return [str(message) for _audience, message in channel.sent]

            def fail(self, how: Failure) -> None:
                channel.mishaps.plan("send", MISHAPS[how])

        return Kept()


class TestTeams(ChannelPromises):
    @pytest.fixture
    def far_end(self, service: Service) -> FarEnd:
        return service

    @pytest.fixture
    async def channel(self, service: Service) -> Channel:
        vault = MemoryVault()
        address = SecretText(f"{service.https.url}/workflows/1/triggers/manual/paths/invoke")
        await vault.write("teams-payments", NewVersion(text=address, tags={}))
        return Teams(vault, service.https.open_client)


class TestMail(ChannelPromises):
    @pytest.fixture
    def far_end(self, service: Service) -> FarEnd:
        return service

    @pytest.fixture
    def channel(self, service: Service) -> Channel:
        sender = GraphMail(Token(), service.https.open_client, graph_url=service.https.url)
        return Mail(sender, sender="rotation@contoso.example")
