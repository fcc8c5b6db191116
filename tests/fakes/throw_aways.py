"""Throw-away applications in the fake tenant, and their secrets in the fake vaults."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from rotation.domain.credential import Application
from rotation.domain.errors import Refused
from rotation.domain.rehearsal import Stage
from rotation.ports.clock import Clock
from rotation.ports.throw_aways import ThrowAway
from tests.fakes.directory import MemoryDirectory
from tests.fakes.directory_state import make_application
from tests.fakes.mishaps import Mishaps
from tests.fakes.vault import MemoryVaults


class MemoryThrowAways:
    """
    What rehearsals make.

    Crueller than the real thing: with `unlisted` what was made is never found again in the directory's list.
    """

    def __init__(self, directory: MemoryDirectory, vaults: MemoryVaults, clock: Clock) -> None:
        self._directory, self._vaults, self._clock = directory, vaults, clock
        self._numbers = itertools.count(900_000)
        self.mishaps = Mishaps()
        self.unlisted = False
        self.deleted: list[str] = []
        """Object ids and secret names, in the order in which they went."""

    async def make(self, stage: Stage) -> Application:
        async def act() -> Application:
            made = replace(make_application(next(self._numbers), name=stage.name), tags=(stage.tag,))
            self._directory.add(made)
            return made

        return await self.mishaps.around("make", act)

    async def find(self) -> Sequence[ThrowAway]:
        async def act() -> Sequence[ThrowAway]:
            records = [] if self.unlisted else [each for each in self._directory._records.values() if not each.deleted]
            stages = [(each.now.object_id, Stage.read(each.now.display_name, each.now.tags)) for each in records]
            return [ThrowAway(object_id=object_id, stage=stage) for object_id, stage in stages if stage is not None]

        return await self.mishaps.around("find", act)

    async def delete(self, throw_away: ThrowAway) -> None:
        async def act() -> None:
            record = self._directory._records.get(throw_away.object_id)
            if record is None or record.deleted:
                return
            if Stage.read(record.now.display_name, record.now.tags) != throw_away.stage:
                raise Refused("it does not bear the marks", reason="not-a-rehearsal")
            self._directory.delete(throw_away.object_id)
            self.deleted.append(throw_away.object_id)

        await self.mishaps.around("delete", act)

    async def delete_secret(self, vault_url: str, name: str) -> None:
        async def act() -> None:
            if not Stage.owns_secret(name):
                raise Refused("it is no rehearsal's", reason="not-a-rehearsal")
            if self._vaults.memory(vault_url)._secrets.pop(name, None) is not None:
                self.deleted.append(name)

        await self.mishaps.around("delete_secret", act)
