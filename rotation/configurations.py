"""The configuration in force: read again while we run, and each new one recorded (`ports.configuration`)."""

import asyncio
import hashlib
from datetime import datetime, timedelta

from rotation.adapters.config_source import ConfigSource
from rotation.config.loading import Loaded, load
from rotation.domain.policy import Configuration
from rotation.integrations.catalogue import KINDS
from rotation.ledger.control import Control
from rotation.ports.clock import Clock
from rotation.ports.tables import Value

REREAD_AFTER = timedelta(seconds=60)


class LoadedConfigurations:
    """
    Reads its source at most once in `reread_after`, and records every new digest in `control`.

    A text that cannot be used is refused each time: nothing is done by an older one.

    Args:
        name: What messages call the source.
    """

    def __init__(
        self,
        source: ConfigSource,
        control: Control,
        clock: Clock,
        *,
        name: str,
        reread_after: timedelta = REREAD_AFTER,
    ) -> None:
        self._source, self._control, self._clock = source, control, clock
        self._name = name
        self._reread_after = reread_after
        self._reading = asyncio.Lock()
        self._read_at: datetime | None = None
        self._latest: Configuration | None = None

    @property
    def latest(self) -> Configuration | None:
        """What was read last, without reading."""
        return self._latest

    async def current(self) -> Configuration:
        """See the port. Unavailable where the source does not answer."""
        async with self._reading:
            now = self._clock.now()
            if self._latest is None or not self._fresh(now):
                self._latest = await self._read(now)
                self._read_at = now
            return self._latest

    def _fresh(self, now: datetime) -> bool:
        return self._read_at is not None and timedelta(0) <= now - self._read_at < self._reread_after

    async def _read(self, now: datetime) -> Configuration:
        text = await self._source.read()
        if self._latest is not None and self._latest.digest == hashlib.sha256(text.encode()).hexdigest():
            return self._latest
        loaded = load(text, name=self._name, kinds=KINDS)
        await self._record(loaded, now)
        return loaded.configuration

    async def _record(self, loaded: Loaded, now: datetime) -> None:
        found = loaded.configuration
        facts: dict[str, Value] = {
            "source": self._name,
            "policies": len(found.policies),
            "destinations": len(found.destinations),
            "warnings": len(loaded.warnings),
        }
        await self._control.configuration_loaded(found.digest, now, facts)
