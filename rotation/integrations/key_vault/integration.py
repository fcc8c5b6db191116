"""
Write a new version of another secret, once, and read it back.

Look first, write, look again: each write makes a version, even of the same text (platform.md C3), so tags decide
whether anything is to be done. Nothing is ever deleted or disabled at a destination.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rotation.domain.delivery import Capabilities, Found, HandOff, Level, Receipt, Shipment, Verdict
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
from rotation.integrations.key_vault.settings import KeyVaultSettings
from rotation.integrations.key_vault.tags import Mark, latest_of, tags
from rotation.integrations.services import IntegrationServices
from rotation.integrations.settings import read
from rotation.ports.vault import NewVersion, Vault, Vaults, VersionProperties


class KeyVaultIntegration:
    """A secret of another name, or in another vault."""

    def __init__(self, vaults: Vaults, capabilities: Capabilities) -> None:
        self._vaults = vaults
        self._capabilities = capabilities

    @property
    def capabilities(self) -> Capabilities:
        """What a key vault can do."""
        return self._capabilities

    def hand_off(self, to: Destination, shipment: Shipment) -> HandOff | None:  # noqa: ARG002  # the port's signature
        """Need no person."""
        return None

    async def deliver(self, to: Destination, shipment: Shipment, text: SecretText) -> Receipt:
        """Write a version unless the latest is this one already; an older one never covers a newer."""
        settings = read(KeyVaultSettings, to)
        _refuse_own_secret(settings, shipment)
        with _translated(settings):
            vault = self._vaults.at(settings.vault)
            versions = await vault.versions(settings.secret)
            latest = latest_of(versions, Mark.of(shipment))
            if latest is not None and _is_this(latest, shipment):
                return _receipt(settings, latest.version, written=False)
            if latest is not None:
                _refuse_covering(latest, shipment, settings)
            return _receipt(settings, await _write(vault, settings, shipment, text=text), written=True)

    async def verify(self, at: Destination, shipment: Shipment, text: SecretText) -> Verdict:
        """Compare what consumers of "latest" get with *text*, in constant time."""
        settings = read(KeyVaultSettings, at)
        try:
            with _translated(settings):
                vault = self._vaults.at(settings.vault)
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
    return KeyVaultIntegration(services.vaults, capabilities)


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


def _refuse_covering(latest: VersionProperties, shipment: Shipment, settings: KeyVaultSettings) -> None:
    """Let a new version cover only an older one of this line, or a foreign one that may be adopted."""
    where, mine, theirs = f"{settings.secret!r} in {settings.vault}", Mark.of(shipment), Mark.read(latest.tags)
    if theirs is None:
        if not settings.adopt:
            raise DestinationRefused(
                f"{where} holds a version that we did not write; set `adopt: true` to let it be replaced",
                reason="destination-name-taken",
                version=latest.version,
            )
    elif not theirs.same_line(mine):
        raise DestinationRefused(
            f"{where} belongs to line {theirs.line!r} of application {theirs.rotation.application}",
            reason="destination-name-taken",
            version=latest.version,
        )
    elif theirs.is_newer_than(mine):
        raise DestinationRefused(
            f"{where} holds a newer secret, of rotation {theirs.rotation}; an older one never covers it",
            reason="newer-is-there",
            version=latest.version,
        )


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
    mine, theirs = Mark.of(shipment), Mark.read(latest.tags)
    if theirs == mine:
        return None if latest.enabled else Verdict(found=Found.ABSENT, why="its latest version is disabled")
    if theirs is not None and theirs.same_line(mine):
        newer = theirs.is_newer_than(mine)
        return Verdict(found=Found.ABSENT if newer else Found.OLDER, why=f"holds the secret of {theirs.rotation}")
    whose = "nobody we know" if theirs is None else f"{theirs.rotation.application}, line {theirs.line}"
    return Verdict(found=Found.ABSENT, why=f"its latest version is of {whose}")


async def _compare(vault: Vault, settings: KeyVaultSettings, version: SecretVersion, *, text: SecretText) -> Verdict:
    if await vault.read(settings.secret, version) == text:
        return Verdict(found=Found.CURRENT, level=Level.STORED, why="read back")
    return Verdict(found=Found.ABSENT, why="a version with our tags holds another text")
