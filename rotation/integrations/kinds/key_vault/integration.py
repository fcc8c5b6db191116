"""
Write a new version of another secret, once, and read it back.

Look first, write, look again: each write makes a version, even of the same text (platform.md C3), so tags decide
whether anything is to be done. Nothing is ever deleted or disabled at a destination.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rotation.domain.capability import Check, Readiness
from rotation.domain.delivery import Capabilities, Found, Level, Receipt, Shipment, Verdict
from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    NotFound,
    OutcomeUnknown,
    Unavailable,
    VaultRefused,
)
from rotation.domain.identifiers import SecretVersion
from rotation.domain.policy import Destination
from rotation.domain.secret import SecretText
from rotation.integrations.kind import AutomaticIntegration
from rotation.integrations.kinds.key_vault.latest import latest_of
from rotation.integrations.kinds.key_vault.settings import KeyVaultSettings
from rotation.integrations.mark import Mark, judged, refuse_covering, tags
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.ports.vault import NewVersion, Vault, VersionProperties


class KeyVaultIntegration(AutomaticIntegration[KeyVaultSettings]):
    """A secret of another name, or in another vault."""

    def settings(self, of: Destination) -> KeyVaultSettings:
        """Read them."""
        return read(KeyVaultSettings, of)

    async def check(self, to: Destination) -> Check:
        """List the secret's versions; a right to set cannot be seen by reading."""
        settings = self.settings(to)
        with _translated(settings):
            versions = await self._services.vaults.at(settings.vault).versions(settings.secret)
        foreign = bool(versions) and Mark.read(versions[-1].tags) is None and not settings.adopt
        if foreign:
            why = f"{settings.secret!r} holds a version that we did not write; set `adopt: true` to let it be replaced"
            return Check(readiness=Readiness.MISCONFIGURED, why=why)
        return Check(readiness=Readiness.READY)

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write a version unless the latest is this one already; an older one never covers a newer."""
        settings = self.settings(to)
        _refuse_own_secret(settings, shipment)
        with _translated(settings):
            vault = self._services.vaults.at(settings.vault)
            versions = await vault.versions(settings.secret)
            latest = latest_of(versions, Mark.of(shipment))
            if latest is not None and _is_this(latest, shipment):
                return _receipt(settings, latest.version, written=False)
            if latest is not None:
                where = f"{settings.secret!r} in {settings.vault}"
                refuse_covering(Mark.read(latest.tags), shipment, where=where, adopt=settings.adopt)
            return _receipt(settings, await _write(vault, settings, shipment, text=text), written=True)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare what consumers of "latest" get with *text*, in constant time."""
        settings = self.settings(at)
        try:
            with _translated(settings):
                vault = self._services.vaults.at(settings.vault)
                versions = await vault.versions(settings.secret)
                latest = latest_of(versions, Mark.of(shipment))
                if latest is None:
                    return Verdict(found=Found.ABSENT, why="there is no such secret")
                other = _other_than_this(latest, shipment)
                return other or await _compare(vault, settings, latest.version, text=text)
        except AccessDenied as error:
            return Verdict(found=Found.UNKNOWABLE, why=f"cannot be read back: {error.message}")


def make(services: IntegrationServices, capabilities: Capabilities) -> KeyVaultIntegration:
    """Make the implementation of `key-vault`."""
    return KeyVaultIntegration(services, capabilities)


@contextmanager
def _translated(settings: KeyVaultSettings) -> Iterator[None]:
    """Say what the vault's refusal means for a destination."""
    where = f"{settings.secret!r} in {settings.vault}"
    try:
        yield
    except VaultRefused as error:
        if error.reason == "vault-name-deleted":
            raise DestinationGone(
                f"{where} is deleted and not purged: recover or purge it", reason=error.reason
            ) from error
        raise AccessDenied(f"{where}: {error.message}", reason=error.reason) from error
    except NotFound as error:
        raise DestinationGone(f"{where} is not there: {error.message}") from error


def _refuse_own_secret(settings: KeyVaultSettings, shipment: Shipment) -> None:
    if (settings.vault, settings.secret.lower()) == (
        shipment.vault_url.rstrip("/").lower(),
        shipment.secret_name.lower(),
    ):
        raise DestinationRefused(
            f"{settings.secret!r} in {settings.vault} is the line's own secret; a destination is another one",
            reason="destination-is-source",
        )


def _is_this(version: VersionProperties, shipment: Shipment) -> bool:
    return version.enabled and Mark.read(version.tags) == Mark.of(shipment)


async def _write(vault: Vault, settings: KeyVaultSettings, shipment: Shipment, *, text: SecretText) -> SecretVersion:
    version = NewVersion(text=text, tags=tags(shipment), expires_at=shipment.end_at, content_type=settings.content_type)
    try:
        return await vault.write(settings.secret, version)
    except Unavailable as error:
        raise OutcomeUnknown(
            f"the version may or may not be in {settings.vault}: {error.message}", secret=settings.secret
        ) from error


def _receipt(settings: KeyVaultSettings, version: SecretVersion, *, written: bool) -> Receipt:
    return Receipt(
        reference=f"{settings.vault}/secrets/{settings.secret}/{version}",
        facts={"version": version, "written": "yes" if written else "was there"},
    )


def _other_than_this(latest: VersionProperties, shipment: Shipment) -> Verdict | None:
    """Judge by tags alone; None where the latest says that it is this one."""
    if Mark.read(latest.tags) == Mark.of(shipment) and not latest.enabled:
        return Verdict(found=Found.ABSENT, why="its latest version is disabled")
    return judged(Mark.read(latest.tags), shipment)


async def _compare(vault: Vault, settings: KeyVaultSettings, version: SecretVersion, *, text: SecretText) -> Verdict:
    if await vault.read(settings.secret, version) == text:
        return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
    return Verdict(found=Found.ABSENT, why="a version with our tags holds another text")
