"""What every automatic kind promises, by each of the three ways to a Windows server."""

from collections.abc import AsyncIterator

import pytest

from tests.contract import test_integrations as promises
from tests.contract.windows_harnesses import ArcHarness, VirtualMachineHarness, WindowsHarness, WindowsSshHarness

WAYS: dict[str, type[WindowsHarness]] = {
    "ssh": WindowsSshHarness,
    "vm-run-command": VirtualMachineHarness,
    "arc-run-command": ArcHarness,
}


@pytest.fixture(params=sorted(WAYS))
async def way(request: pytest.FixtureRequest) -> AsyncIterator[WindowsHarness]:
    async with WAYS[request.param]() as started:
        yield started


class TestEveryWay(promises.TestEveryKind):
    @pytest.fixture
    def harness(self, way: WindowsHarness) -> WindowsHarness:
        return way


class TestEveryAutomaticWay(promises.TestAutomaticKinds):
    @pytest.fixture
    def harness(self, way: WindowsHarness) -> WindowsHarness:
        return way
