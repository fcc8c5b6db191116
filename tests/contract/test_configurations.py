"""The configuration in force: from a file, from a blob of Azurite, and the fake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceExistsError

from rotation.adapters.config_source import FileSource, config_source
from rotation.adapters.storage import StorageAccount
from rotation.configurations import LoadedConfigurations
from rotation.domain.identifiers import PolicyName
from rotation.ledger.control import Control
from tests.contract.promises_configurations import ConfigurationsPromises, Editor
from tests.fakes.clock import MovableClock
from tests.fakes.tables import MemoryTables
from tests.fakes.world import Settings, configure

CONTAINER = "configurations-of-tests"
SPOILT = "policies: [{name: one, select: {everything: true}, modus: x}]"


def text(name: str) -> str:
    return f"policies: [{{name: {name}, select: {{everything: true}}}}]"


class TestFakeConfigurations(ConfigurationsPromises):
    @pytest.fixture
    def configurations(self) -> Settings:
        return Settings(configure())

    @pytest.fixture
    def editor(self, configurations: Settings) -> Editor:
        class Edit:
            async def name_policy(self, name: str) -> None:
                (policy,) = configurations.now.policies
                renamed = replace(policy, name=PolicyName(name))
                configurations.now, configurations.spoilt = replace(configurations.now, policies=(renamed,)), False

            async def spoil(self) -> None:
                configurations.spoilt = True

        return Edit()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


class TestFile(ConfigurationsPromises):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "rotation.yaml"

    @pytest.fixture
    def configurations(self, path: Path, clock: MovableClock) -> LoadedConfigurations:
        return LoadedConfigurations(FileSource(path), Control(MemoryTables()), clock, name="rotation.yaml")

    @pytest.fixture
    def editor(self, path: Path, clock: MovableClock) -> Editor:
        @dataclass
        class Edit:
            async def name_policy(self, name: str) -> None:
                await self._write(text(name))

            async def spoil(self) -> None:
                await self._write(SPOILT)

            async def _write(self, content: str) -> None:
                await asyncio.to_thread(path.write_text, content)
                clock.advance(timedelta(minutes=1))

        return Edit()


@pytest.mark.sandbox
class TestBlob(ConfigurationsPromises):
    @pytest.fixture
    def blob(self) -> str:
        return f"{uuid4().hex}.yaml"

    @pytest.fixture
    async def configurations(
        self, blob: str, clock: MovableClock, account: StorageAccount
    ) -> AsyncIterator[LoadedConfigurations]:
        source = config_source(f"blob:{CONTAINER}/{blob}", account)
        yield LoadedConfigurations(source, Control(MemoryTables()), clock, name=blob)
        await source.close()

    @pytest.fixture
    def editor(self, blob: str, clock: MovableClock, account: StorageAccount) -> Editor:
        @dataclass
        class Edit:
            async def name_policy(self, name: str) -> None:
                await self._write(text(name))

            async def spoil(self) -> None:
                await self._write(SPOILT)

            async def _write(self, content: str) -> None:
                async with account.blobs() as service:
                    container = service.get_container_client(CONTAINER)
                    with suppress(ResourceExistsError):
                        await container.create_container()
                    await container.upload_blob(blob, content.encode(), overwrite=True)
                clock.advance(timedelta(minutes=1))

        return Edit()
