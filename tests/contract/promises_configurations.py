"""What Configurations promises. Whoever edits the configuration is a fixture of its own."""

from typing import Protocol

import pytest

from rotation.domain.errors import Misconfigured
from rotation.domain.identifiers import PolicyName
from rotation.ports.configuration import Configurations


class Editor(Protocol):
    """Changes the configuration, and lets as much time pass as it takes to be read."""

    async def name_policy(self, name: str) -> None: ...

    async def spoil(self) -> None:
        """Leave it so that it cannot be used."""
        ...


class ConfigurationsPromises:
    async def test_it_gives_what_is_written(self, configurations: Configurations, editor: Editor) -> None:
        await editor.name_policy("one")
        assert [policy.name for policy in (await configurations.current()).policies] == ["one"]

    async def test_a_change_is_seen_without_a_new_process(self, configurations: Configurations, editor: Editor) -> None:
        for name in ("one", "two"):
            await editor.name_policy(name)
            assert (await configurations.current()).policy(PolicyName(name)) is not None

    async def test_nothing_is_done_by_an_older_one(self, configurations: Configurations, editor: Editor) -> None:
        await editor.name_policy("one")
        await configurations.current()
        await editor.spoil()
        for _time in range(2):
            with pytest.raises(Misconfigured):
                await configurations.current()

    async def test_what_was_mended_is_in_force(self, configurations: Configurations, editor: Editor) -> None:
        await editor.spoil()
        with pytest.raises(Misconfigured):
            await configurations.current()
        await editor.name_policy("two")
        assert (await configurations.current()).policy(PolicyName("two")) is not None
