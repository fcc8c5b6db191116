"""`webhook`, over real HTTPS: a receiver that checks signatures with the standard's own library."""

import base64
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from sandbox.shared import FaultMiddleware, Faults
from tests.contract.harness_base import HOME, SERVICE_DELAY, AutomaticHarness, Failure
from tests.contract.harness_https import Https, https
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

SIGNING = "whsec_" + base64.b64encode(b"a signing secret of 32 bytes ...").decode()


@dataclass(slots=True)
class Receiver:
    """Keeps each message once by its id, and the newest by the time in it."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    signs_in: bool | None = True
    key: str = SIGNING

    def app(self, faults: Faults) -> Starlette:
        app = Starlette(
            routes=[
                Route("/hook", self.take, methods=["POST"]),
                Route("/hook/state", self.state, methods=["GET"]),
                Route("/elsewhere", self.elsewhere, methods=["POST"]),
            ]
        )
        app.add_middleware(FaultMiddleware, faults=faults, part="downstream")
        return app

    async def take(self, request: Request) -> Response:
        message = await self._checked(request)
        if message is None:
            return Response(status_code=401)
        self.messages.setdefault(request.headers["webhook-id"], message)
        return Response(status_code=202)

    async def state(self, request: Request) -> Response:
        if await self._checked(request) is None:
            return Response(status_code=401)
        if not self.messages:
            return JSONResponse({"key_id": "", "version": "", "signed_in": None})
        newest = self.newest()
        answer = {"key_id": newest["key_id"], "version": newest["secret"]["version"], "signed_in": self.signs_in}
        return JSONResponse(answer)

    def newest(self) -> dict[str, Any]:
        """Keep the newest rotation, save where somebody goes back on purpose."""
        found: dict[str, Any] = {"rotation": ""}
        for message in self.messages.values():
            told = message["data"]
            if told.get("going_back") or told["rotation"] >= found["rotation"]:
                found = told
        return found

    async def elsewhere(self, request: Request) -> Response:
        return Response(status_code=307, headers={"location": str(request.url_for("take"))})

    async def _checked(self, request: Request) -> dict[str, Any] | None:
        self.paths.append(str(request.url))
        body = await request.body()
        try:
            Webhook(self.key).verify(body, dict(request.headers), json_parse=False)
        except WebhookVerificationError:
            return None
        return json.loads(body) if body else {}


class WebhookHarness(AutomaticHarness):
    kind = "webhook"
    keeps_order = False

    def __init__(self) -> None:
        # The library that judges the signatures reads the real clock.
        self.clock = MovableClock(datetime.now(UTC))
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        self.receiver = Receiver()
        self.faults = Faults()
        self._stack = AsyncExitStack()
        self._https: Https | None = None

    async def __aenter__(self) -> Self:
        self._https = await self._stack.enter_async_context(https(self.receiver.app(self.faults)))
        await self.vaults.at(HOME).write("signing", NewVersion(text=SecretText(SIGNING), tags={}))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def url(self) -> str:
        assert self._https is not None
        return self._https.url

    def open_client(self) -> httpx.AsyncClient:
        assert self._https is not None
        return self._https.open_client()

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "url": f"{self.url}/hook",
            "verify_url": f"{self.url}/hook/state",
            "signing_secret": "signing",
            "send_value": True,
            "private_network": True,
        }

    async def taken(self) -> int:
        return len(self.receiver.messages)

    @property
    def calls(self) -> Sequence[str]:
        return self.receiver.paths

    def fail(self, how: Failure) -> None:
        delay = SERVICE_DELAY.total_seconds()
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "gone": {"action": "status", "status": 404},
            "throttled": {"action": "throttle", "retry_after": delay},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after"},
        }
        self.faults.add({"part": "downstream", **rules[how]})
