"""`key-vault`, over the fake of the vault port (which passes the port's own contract)."""

from collections.abc import Mapping, Sequence

from tests.contract.harness_base import HOME, AutomaticHarness, Failure
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishap
from tests.fakes.vault import MemoryVault, MemoryVaults

ADDRESS = "https://other.vault.example"
SECRET = "payments-secret"


class KeyVaultHarness(AutomaticHarness):
    kind = "key-vault"
    keeps_order = True

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vault = MemoryVault(ADDRESS, self.clock)
        self.vaults = MemoryVaults(self.vault, MemoryVault(HOME, self.clock), clock=self.clock)

    @property
    def settings(self) -> Mapping[str, object]:
        return {"vault": ADDRESS, "secret": SECRET}

    async def taken(self) -> int:
        return len(await self.vault.versions(SECRET))

    @property
    def calls(self) -> Sequence[str]:
        return self.vault.names()

    def fail(self, how: Failure) -> None:
        match how:
            case "denied":
                self.vault.refusing = "vault-refused"
            case "gone":
                self.vault.soft_delete(SECRET)
            case "throttled":
                self.vault.mishaps.plan("versions", Mishap.THROTTLED)
            case "unavailable":
                self.vault.mishaps.plan("versions", Mishap.UNAVAILABLE)
            case "lost":
                self.vault.mishaps.plan("write", Mishap.LOST_AFTER)
