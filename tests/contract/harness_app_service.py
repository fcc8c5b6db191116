"""`app-service` with the value in a setting, over real HTTPS: the sandbox's Resource Manager."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm_sites import Site, Sites
from sandbox.shared import FaultMiddleware, Faults
from tests.contract.harness_base import HOME, SERVICE_DELAY, AutomaticHarness, Failure
from tests.contract.harness_https import Https, https
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

GROUP = "/subscriptions/00000000-1111-4222-8333-444444444444/resourceGroups/rg-payments/providers/Microsoft.Web/sites"
SITE = f"{GROUP}/Payments-App"
SETTING = "ENTRA_CLIENT_SECRET"
OTHERS = {"COLOUR": "blue", "DB_PASSWORD": "CANARY~of somebody else", "ConnectionStrings__x": "Server=1"}


def guard(request: Request) -> Response | None:
    """Let in whoever bears a token."""
    if request.headers.get("authorization", "").startswith("Bearer "):
        return None
    return JSONResponse({"error": {"code": "AuthenticationFailed", "message": "no token"}}, 401)


class AppServiceHarness(AutomaticHarness):
    kind = "app-service"
    keeps_order = False
    has_no_mark = True

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.home = MemoryVault(HOME, self.clock)
        self.vaults = MemoryVaults(self.home, clock=self.clock)
        self.faults = Faults()
        self.sites = Sites(self._latest)
        self.site: Site = self.sites.add(SITE, OTHERS, sticky=["COLOUR"])
        self._stack = AsyncExitStack()
        self._https: Https | None = None

    async def __aenter__(self) -> Self:
        app = Starlette(routes=list(self.sites.routes(guard)))
        app.add_middleware(FaultMiddleware, faults=self.faults, part="arm")
        self._https = await self._stack.enter_async_context(https(app))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _latest(self, vault: str, name: str) -> str | None:
        found = self.home.latest(name) if vault == "home" else None
        return found[0].version if found else None

    @property
    def arm_url(self) -> str:  # type: ignore[override]
        assert self._https is not None
        return self._https.url

    def open_client(self) -> httpx.AsyncClient:
        assert self._https is not None
        return self._https.open_client()

    @property
    def settings(self) -> Mapping[str, object]:
        return {"site": SITE, "setting": SETTING, "mode": "setting", "create": True}

    async def taken(self) -> int:
        return self.site.restarts

    @property
    def calls(self) -> Sequence[str]:
        return self.sites.seen

    def fail(self, how: Failure) -> None:
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "gone": {"action": "status", "status": 404},
            "throttled": {"action": "throttle", "retry_after": SERVICE_DELAY.total_seconds()},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after", "match": {"method": "PUT"}},
        }
        self.faults.add({"part": "arm", **rules[how]})
