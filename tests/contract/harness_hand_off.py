"""`hand-off`: no machine on the other side."""

from collections.abc import Mapping

from tests.contract.harness_base import HOME, Harness
from tests.fakes.clock import MovableClock
from tests.fakes.vault import MemoryVault, MemoryVaults


class HandOffHarness(Harness):
    kind = "hand-off"

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.vaults = MemoryVaults(MemoryVault(HOME, self.clock), clock=self.clock)

    @property
    def settings(self) -> Mapping[str, object]:
        return {"preset": "arctic-wolf-ma", "ad_group": "Awareness learners"}
