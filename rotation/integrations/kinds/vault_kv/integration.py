"""
Write one field of a KV version 2 secret, with check-and-set, and read it back.

The value and its mark are two writes: the version number in the mark tells whether it speaks of the newest version,
and the value itself, compared in memory, settles what a crash left between them.
"""

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.connections import AppRole, Token, VaultJwt, connection_of
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.vault_kv.client import KvClient, Stored
from rotation.integrations.kinds.vault_kv.settings import VaultKvSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read

VERSION_TAG = "kv-version"


class VaultKvIntegration(AutomaticIntegration[VaultKvSettings]):
    """A secret in HashiCorp Vault or OpenBao."""

    def settings(self, of: Destination) -> VaultKvSettings:
        """Read them."""
        return read(VaultKvSettings, of)

    async def check(self, to: Destination) -> Check:
        """Sign in and read; a right to write cannot be seen by reading."""
        settings = self.settings(to)
        stored = await (await self._client(to, settings)).read()
        foreign = stored.value is not None and _mark(stored) is None and not settings.adopt
        if foreign:
            why = f"field {settings.field!r} holds a value that we did not write; `adopt: true` lets it be replaced"
            return Check(readiness=Readiness.MISCONFIGURED, why=why)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write a version unless the newest holds this value already, then mark it."""
        settings = self.settings(to)
        client = await self._client(to, settings)
        stored = await client.read()
        if stored.value is not None and not _is_this(stored, shipment, text):
            where = f"{settings.mount}/{settings.path}"
            refuse_covering(_mark(stored), shipment, where=where, adopt=settings.adopt)
        version = stored.version
        if stored.value != text:
            version = await client.write(text, over=stored)
        if _marked(stored) != (version, Mark.of(shipment)):
            await client.mark({**tags(shipment), VERSION_TAG: str(version)})
        return Receipt(
            reference=f"{settings.address}/v1/{settings.mount}/data/{settings.path}?version={version}",
            facts={"version": str(version), "written": "yes" if version != stored.version else "was there"},
        )

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare the newest version's field with *text*, in constant time."""
        settings = self.settings(at)
        stored = await (await self._client(at, settings)).read()
        if stored.value is None:
            return Verdict(found=Found.ABSENT, why=f"there is no field {settings.field!r} in its newest version")
        if stored.value == text:
            return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
        other = judged(_mark(stored), shipment)
        return other or Verdict(found=Found.ABSENT, why="a version with our mark holds another text")

    async def _client(self, to: Destination, settings: VaultKvSettings) -> KvClient:
        client = KvClient(self._services, settings)
        await client.sign_in(connection_of(to, Token, AppRole, VaultJwt))
        return client


def make(services: IntegrationServices, capabilities: Capabilities) -> VaultKvIntegration:
    """Make the implementation of `vault-kv`."""
    return VaultKvIntegration(services, capabilities)


def _marked(stored: Stored) -> tuple[int, Mark | None]:
    version = stored.tags.get(VERSION_TAG, "")
    return (int(version) if version.isdecimal() else 0, Mark.read(stored.tags))


def _mark(stored: Stored) -> Mark | None:
    """Give the newest version's mark; one that speaks of an earlier version says nothing of this one."""
    version, mark = _marked(stored)
    return mark if version == stored.version else None


def _is_this(stored: Stored, shipment: Shipment, text: SecretText) -> bool:
    return stored.value == text or _mark(stored) == Mark.of(shipment)
