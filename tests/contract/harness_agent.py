"""`agent`, over a real SSH connection: asyncssh is the server, and the file a real one."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from rotation.domain.secret import SecretText
from rotation.ports.vault import NewVersion
from tests.contract.harness_base import HOME, AutomaticHarness, Failure
from tests.contract.ssh_server import SshServer, ssh_server
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults

UNIT = "billing.service"
FILE = "# what billing signs in with\nTENANT=contoso\nCLIENT_SECRET=OLD~8Q.of-before\nTIMEOUT=30   # seconds\n"


class AgentHarness(AutomaticHarness):
    kind = "agent"
    keeps_order = False
    has_no_mark = True
    cannot = frozenset({"throttled"})
    server: SshServer

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vault = MemoryVault(HOME, self.clock)
        self.vaults = MemoryVaults(self.vault, clock=self.clock)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.server = await self._stack.enter_async_context(ssh_server())
        await self.furnish()
        return self

    async def furnish(self) -> None:
        """Lay out key, file and unit."""
        await self.keep("billing-ssh", SecretText(self.server.private_key))
        self.path.write_text(FILE)
        self.path.chmod(0o640)
        self.server.unit(UNIT)

    async def keep(self, name: str, text: SecretText) -> None:
        """Write a version of a secret that connections name."""
        await self.vault.write(name, NewVersion(text=text, tags={}))

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def path(self) -> Path:
        return self.server.folder / "billing.env"

    @property
    def connection(self) -> Mapping[str, object]:  # type: ignore[override]  # the host key is made for each test
        return {"type": "ssh-key", "user": "rotation", "secret": "billing-ssh", "host_key": self.server.host_key}

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "storage": "dotenv",
            "host": "localhost",
            "port": self.server.port,
            "path": str(self.path),
            "at": "CLIENT_SECRET",
            "service": UNIT,
            "stays_up_seconds": 0,
            "test": ["grep", "-q", "^CLIENT_SECRET=.", str(self.path)],
            "test_signs_in": True,
            "private_network": True,
        }

    async def taken(self) -> int:
        return self.server.renamed.count(str(self.path))

    @property
    def calls(self) -> Sequence[str]:
        return self.server.asked

    def fail(self, how: Failure) -> None:
        match how:
            case "denied":
                self.server.refuses_keys = True
            case "gone":
                self.path.unlink()
            case "unavailable":
                self.server.hangs_up = True
            case "lost":
                self.server.loses = True
            case "throttled":
                raise AssertionError("SSH knows no throttling")
