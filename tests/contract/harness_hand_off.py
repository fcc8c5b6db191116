"""`hand-off`: no machine on the other side."""

from collections.abc import Mapping
from dataclasses import replace

from rotation.domain.identifiers import ClientId
from rotation.domain.secret import SecretText
from tests.contract.harness_base import APPLICATION, CANARY, CANARY_MARK, CLIENT, HOME, Harness
from tests.fakes.clock import MovableClock
from tests.fakes.directory_state import make_application
from tests.fakes.vault import MemoryVault, MemoryVaults


class HandOffHarness(Harness):
    kind = "hand-off"

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)
        application = replace(make_application(1), object_id=APPLICATION, client_id=CLIENT)
        self.record = self.directory.add(application, roles=("Directory.Read.All", "User.Read.All"))

    async def token_as(self, client_id: ClientId, text: SecretText, scope: str) -> SecretText:
        """Sign in as the application whose secret it is."""
        if (client_id.lower(), text) != (CLIENT, CANARY):
            return await super().token_as(client_id, text, scope)
        return SecretText(f"{CANARY_MARK}token")

    @property
    def settings(self) -> Mapping[str, object]:
        return {"preset": "arctic-wolf-ma", "ad_group": "Awareness learners"}
