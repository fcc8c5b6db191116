"""`agent` with `storage: wincred`: a stand-in for the server, behind each of the three ways to it."""

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Literal, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rotation.domain.secret import SecretText
from rotation.integrations.kinds.agent.powershell import READ_AND_RUN
from rotation.ports.vault import NewVersion
from sandbox.arm_run_commands import ARC, VM, Machine, RunCommands
from sandbox.shared import FaultMiddleware, Faults
from sandbox.windows_server import WindowsServer
from tests.contract.harness_base import (
    CANARY,
    CLIENT,
    HOME,
    NEWER,
    SERVICE_DELAY,
    AutomaticHarness,
    Failure,
    shipment,
)
from tests.contract.harness_https import Https, https
from tests.contract.ssh_server import SshServer, ssh_server
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

GROUP = "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/servers/providers"
TARGET = "CISync/azure/4711"
APPSETTINGS: dict[str, Any] = {
    "Agent": {"ClientId": "99999999-0000-4000-8000-000000000000", "Secret": "CISync/agent/1"},
    "Sources": [{"Name": "Azure", "ClientId": CLIENT.upper(), "TenantId": "contoso", "SecretReference": TARGET}],
}
DISCOVERED = "a73175301d45be64"
type Way = Literal["ssh", "vm-run-command", "arc-run-command"]


class WindowsHarness(AutomaticHarness):
    """One server; which way leads there is the subclass's."""

    keeps_order = False
    has_no_mark = True
    way: ClassVar[Way]

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vault = MemoryVault(HOME, self.clock)
        self.vaults = MemoryVaults(self.vault, clock=self.clock)
        self.windows = WindowsServer(fetch=self._fetch, settings=APPSETTINGS)
        self.windows.credentials = {TARGET: "OLD~of-before", "CISync/agent/1": "AGENT~own"}
        self._stack = AsyncExitStack()
        self.scripts: list[str] = []

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "storage": "wincred",
            "transport": self.way,
            "profile": "syncfish-ci-sync",
            "application_id": CLIENT,
            "discovered": DISCOVERED,
            "timeout_seconds": 2,
        }

    async def taken(self) -> int:
        return self.windows.writes

    async def execute(self, script: str) -> str:
        self.scripts.append(script)
        return await self.windows.execute(script)

    async def _fetch(self, secret_id: str) -> str | None:
        """Read the vault with the server's identity: the two rotations' versions are there."""
        texts = {shipment(place, now=self.clock.now()).secret_id: text for place, text in enumerate((CANARY, NEWER))}
        return texts[secret_id].reveal()


class RunCommandHarness(WindowsHarness):
    kind = "agent"
    arm: Https

    def __init__(self) -> None:
        super().__init__()
        self.faults = Faults()
        self.commands = RunCommands(self.clock.now)
        self.machine: Machine = self.commands.add(self.machine_id, self.execute)

    async def __aenter__(self) -> Self:
        app = Starlette(routes=self.commands.routes(_guard))
        app.add_middleware(FaultMiddleware, faults=self.faults, part="arm")
        self.arm = await self._stack.enter_async_context(https(app))
        return self

    @property
    def machine_id(self) -> str:
        return f"{GROUP}/{VM if self.way == 'vm-run-command' else ARC}/SRV-CISYNC-01"

    @property
    def arm_url(self) -> str:  # type: ignore[override]  # the port is known once it listens
        return self.arm.url

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "machine": self.machine_id}

    def open_client(self) -> httpx.AsyncClient:
        return self.arm.open_client()

    @property
    def calls(self) -> Sequence[str]:
        return [*self.commands.seen, *self.commands.bodies, *self.scripts]

    def fail(self, how: Failure) -> None:
        delay = SERVICE_DELAY.total_seconds()
        rules: dict[Failure, dict[str, Any]] = {
            "denied": {"action": "status", "status": 403},
            "throttled": {"action": "throttle", "retry_after": delay},
            "unavailable": {"action": "status", "status": 503},
            "lost": {"action": "drop-after", "match": {"method": "PUT"}, "times": 1},
        }
        if how == "gone":
            self.commands.remove(self.machine_id)
        else:
            self.faults.add({"part": "arm", **rules[how]})


class VirtualMachineHarness(RunCommandHarness):
    way = "vm-run-command"


class ArcHarness(RunCommandHarness):
    way = "arc-run-command"


class WindowsSshHarness(WindowsHarness):
    kind = "agent"
    way = "ssh"
    cannot = frozenset({"throttled", "gone"})
    server: SshServer

    async def __aenter__(self) -> Self:
        self.server = await self._stack.enter_async_context(ssh_server())
        self.server.powershell = self._powershell
        await self.vault.write("cisync-ssh", NewVersion(text=SecretText(self.server.private_key), tags={}))
        return self

    @property
    def connection(self) -> Mapping[str, object]:  # type: ignore[override]  # the host key is made for each test
        return {"type": "ssh-key", "user": "rotation", "secret": "cisync-ssh", "host_key": self.server.host_key}

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "host": "localhost", "port": self.server.port, "private_network": True}

    @property
    def calls(self) -> Sequence[str]:
        return [*self.server.asked, *self.scripts]

    def fail(self, how: Failure) -> None:
        match how:
            case "denied":
                self.server.refuses_keys = True
            case "unavailable":
                self.server.hangs_up = True
            case "lost":
                self.server.loses = True
            case "throttled" | "gone":
                raise AssertionError("SSH to a Windows server knows neither")

    async def _powershell(self, command: str, stdin: str) -> str:
        """Do what powershell.exe would: decode its one argument, and run what comes in."""
        argv = shlex.split(command)
        assert base64.b64decode(argv[-1]).decode("utf-16-le") == READ_AND_RUN
        return await self.execute(stdin)


def _guard(request: Request) -> Response | None:
    if request.headers.get("authorization", "").startswith("Bearer "):
        return None
    return JSONResponse({"error": {"code": "AuthenticationFailed"}}, status_code=401)


def told(script: str) -> dict[str, Any]:
    """Read a script's request."""
    encoded = script.partition("$Request = '")[2].partition("'")[0]
    asked: dict[str, Any] = json.loads(base64.b64decode(encoded))
    return asked
