"""Harnesses of kinds that speak HTTP: a simulator of the product over real HTTPS, with programmable faults."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from sandbox.shared import FaultMiddleware, Faults
from tests.contract.harness_base import CANARY_MARK, HOME, SERVICE_DELAY, AutomaticHarness, Failure
from tests.contract.harness_https import Https, https
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

PART = "product"


class HttpsHarness(AutomaticHarness):
    """A kind whose product is simulated by an ASGI application."""

    connection_text: ClassVar[str] = f"{CANARY_MARK}connection"
    """The secret that the connection signs in with; it lies in our vault as `connection`."""
    changes: ClassVar[str] = "POST|PUT|PATCH"
    """Methods that change something: an answer is lost only to these."""

    def __init__(self) -> None:
        self.clock = MovableClock(datetime.now(UTC))
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        self.faults = Faults()
        self.paths: list[str] = []
        self._stack = AsyncExitStack()
        self._https: Https | None = None

    @abstractmethod
    def product(self) -> Starlette:
        """Give the simulator."""

    async def __aenter__(self) -> Self:
        """Start it, and put the connection's secret into our vault."""
        app = self.product()
        app.add_middleware(FaultMiddleware, faults=self.faults, part=PART)
        self._https = await self._stack.enter_async_context(https(_Noted(app, self.paths)))
        await self.vaults.at(HOME).write("connection", NewVersion(text=SecretText(self.connection_text), tags={}))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """Give the simulator's address."""
        assert self._https is not None
        return self._https.url

    def open_client(self) -> httpx.AsyncClient:
        """Open a client that trusts the simulator."""
        assert self._https is not None
        return self._https.open_client()

    @property
    def calls(self) -> Sequence[str]:
        """Give every address that was called."""
        return self.paths

    def fail(self, how: Failure) -> None:
        """Make the product answer so."""
        delay = SERVICE_DELAY.total_seconds()
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "gone": {"action": "status", "status": 404, "match": {"method": self.changes}},
            "throttled": {"action": "throttle", "retry_after": delay},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after", "match": {"method": self.changes}, "times": 1},
        }
        self.faults.add({"part": PART, **rules[how]})


class _Noted:
    """Notes every address that is called, whatever becomes of the call."""

    def __init__(self, app: ASGIApp, paths: list[str]) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._paths.append(str(Request(scope).url))
        await self._app(scope, receive, send)
