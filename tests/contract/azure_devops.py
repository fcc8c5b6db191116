"""What both harnesses of Azure DevOps start from."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Self

import httpx

from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from sandbox.downstream.azure_devops import AzureDevOps
from sandbox.shared import Faults
from tests.contract.harness_base import CANARY, HOME, NEWER, SERVICE_DELAY, AutomaticHarness, Failure
from tests.contract.harness_https import Https, https
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

PAT = "CANARY~pat"


class AzureDevOpsHarness(AutomaticHarness):
    """One organisation over real HTTPS, and a personal access token in our own vault."""

    connection: ClassVar[Mapping[str, object] | None] = {"type": "token", "secret": "devops-token"}

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        self.faults = Faults()
        self.devops = AzureDevOps(PAT)
        self._stack = AsyncExitStack()
        self._https: Https | None = None

    async def __aenter__(self) -> Self:
        self._https = await self._stack.enter_async_context(https(self.devops.app(self.faults)))
        await self.vaults.at(HOME).write("devops-token", NewVersion(text=SecretText(PAT), tags={}))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def open_client(self) -> httpx.AsyncClient:
        assert self._https is not None
        return self._https.open_client()

    @property
    def home(self) -> Mapping[str, object]:
        """Give the settings that lead into the organisation."""
        assert self._https is not None
        return {"organization": f"{self._https.url}/contoso", "project": "Payments", "private_network": True}

    @property
    @abstractmethod
    def held(self) -> object:
        """Give the value that it truly holds."""

    async def taken(self) -> int:
        return int(self.held in {CANARY.reveal(), NEWER.reveal()})

    @property
    def calls(self) -> Sequence[str]:
        return self.devops.seen

    def fail(self, how: Failure) -> None:
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "gone": {"action": "status", "status": 404},
            "throttled": {"action": "throttle", "retry_after": SERVICE_DELAY.total_seconds()},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after", "match": {"method": "PUT"}},
        }
        self.faults.add({"part": "azure-devops", **rules[how]})
