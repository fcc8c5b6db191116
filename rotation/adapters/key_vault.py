"""Secrets in Azure Key Vault (platform.md C)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from rotation.adapters.azure_errors import (
    CONFLICT,
    FORBIDDEN,
    UNAUTHORISED,
    answer,
    each,
    error_code,
    translated,
)
from rotation.adapters.closing import Closing
from rotation.adapters.transport import MeasuredTransport
from rotation.domain.errors import NotFound, Retryable, RotationError, VaultRefused
from rotation.domain.identifiers import SecretVersion
from rotation.domain.secret import SecretText
from rotation.ports.vault import NamedSecret, NewVersion, Vault, VersionProperties

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.keyvault.secrets import SecretProperties
    from azure.keyvault.secrets.aio import SecretClient

DISABLED = frozenset({"SecretDisabled"})
DELETED = frozenset({"ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"})
NAME_DELETED = "vault-name-deleted"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class KeyVault(Closing):
    """
    One vault, opened when it is first asked.

    A PUT that azure-core repeats may leave one version too many: tags decide which one counts.

    Args:
        verify_challenge_resource: Off only where the vault's host is not below the challenge's resource.
    """

    def __init__(self, url: str, credential: "AsyncTokenCredential", *, verify_challenge_resource: bool = True) -> None:
        self._url, self._credential, self._verify = url.rstrip("/"), credential, verify_challenge_resource
        self._opened: SecretClient | None = None

    @property
    def url(self) -> str:
        return self._url

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    @property
    def _client(self) -> "SecretClient":
        if self._opened is None:
            from azure.keyvault.secrets.aio import SecretClient  # noqa: PLC0415  # a quiet night asks no vault

            self._opened = SecretClient(
                self._url,
                self._credential,
                verify_challenge_resource=self._verify,
                retry_total=2,
                transport=MeasuredTransport(),
            )
        return self._opened

    async def secrets(self) -> Sequence[NamedSecret]:
        listed = each(self._client.list_properties_of_secrets(), self._translator("list the secrets", ""))
        return [NamedSecret(name=one.name or "", tags=dict(one.tags or {})) async for one in listed]

    async def versions(self, name: str) -> Sequence[VersionProperties]:
        try:
            found = [_properties(one) async for one in self._listed(name)]
        except NotFound:
            found = []
        if not found:
            await self._refuse_deleted(name)
        return sorted(found, key=lambda one: (one.created_at, one.version))

    async def write(self, name: str, version: NewVersion) -> SecretVersion:
        written = await answer(
            self._client.set_secret(
                name,
                version.text.reveal(),
                tags=dict(version.tags),
                expires_on=version.expires_at,
                enabled=version.enabled,
                content_type=version.content_type,
            ),
            self._translator(f"write {name}", name),
        )
        return _version(written.properties)

    async def read(self, name: str, version: SecretVersion) -> SecretText:
        call = self._client.get_secret(name, version)
        try:
            found = await answer(call, self._translator(f"read {name}", name))
        except NotFound:
            await self._refuse_deleted(name)
            raise
        if not found.value:
            raise NotFound(f"version {version} of {name} is empty", name=name, version=version)
        return SecretText(found.value)

    async def disable(self, name: str, version: SecretVersion) -> None:
        call = self._client.update_secret_properties(name, version, enabled=False)
        try:
            await answer(call, self._translator(f"disable a version of {name}", name))
        except NotFound:
            await self._refuse_deleted(name)
            raise

    async def delete(self, name: str) -> None:
        """Delete a secret with all its versions, and purge it where that is allowed; one that is gone is fine."""
        await self._gone(self._client.delete_secret(name), f"delete {name}", name)
        try:
            await self._gone(self._client.purge_deleted_secret(name), f"purge {name}", name)
        except (VaultRefused, Retryable):  # purge protection, or no right to purge: it goes by itself (platform.md C3)
            return

    async def _gone(self, call: Awaitable[object], what: str, name: str) -> None:
        try:
            await answer(call, self._translator(what, name))
        except NotFound:
            return

    def _listed(self, name: str) -> "AsyncIterator[SecretProperties]":
        found = self._client.list_properties_of_secret_versions(name)
        return each(found, self._translator(f"list {name}", name))

    async def _refuse_deleted(self, name: str) -> None:
        """Tell "there never was one" from "it lies in the deleted secrets": only the first is an empty answer."""
        call = self._client.get_deleted_secret(name)
        try:
            await answer(call, self._translator(f"look for {name} in the deleted secrets", name))
        except NotFound:
            return
        raise self._deleted(name)

    def _deleted(self, name: str) -> VaultRefused:
        return VaultRefused(f"{name} is soft-deleted in {self._url}", reason=NAME_DELETED, vault=self._url, name=name)

    def _translator(self, what: str, name: str) -> Callable[[AzureError], RotationError]:
        def translate(error: AzureError) -> RotationError:
            code = error_code(error)
            status = error.status_code if isinstance(error, HttpResponseError) else None
            if isinstance(error, ResourceNotFoundError) or (status == FORBIDDEN and code in DISABLED):
                return NotFound(f"{what}: no enabled version", vault=self._url, name=name)
            if status == CONFLICT and code in DELETED:
                return self._deleted(name)
            if status in {UNAUTHORISED, FORBIDDEN}:
                told = f"{what}: {self._url} says no ({status} {code})"
                return VaultRefused(told, vault=self._url, name=name, code=code)
            return translated(error, what, vault=self._url, name=name)

        return translate


class KeyVaults(Closing):
    """All vaults that the configuration names, opened on first use. Close it after use."""

    def __init__(self, credential: "AsyncTokenCredential", *, verify_challenge_resource: bool = True) -> None:
        self._credential = credential
        self._verify = verify_challenge_resource
        self._open: dict[str, KeyVault] = {}

    def at(self, url: str) -> Vault:
        return self._opened(url)

    def _opened(self, url: str) -> KeyVault:
        address = url.rstrip("/")
        if address not in self._open:
            self._open[address] = KeyVault(address, self._credential, verify_challenge_resource=self._verify)
        return self._open[address]

    async def delete(self, url: str, name: str) -> None:
        """Delete a secret of a vault. Not of the port: only what deletes a rehearsal's own may ask for it."""
        await self._opened(url).delete(name)

    async def close(self) -> None:
        """Close every vault's connections."""
        for vault in self._open.values():
            await vault.close()


def _properties(found: "SecretProperties") -> VersionProperties:
    return VersionProperties(
        version=_version(found),
        enabled=bool(found.enabled),
        created_at=found.created_on or LONG_AGO,
        expires_at=found.expires_on,
        tags=dict(found.tags or {}),
    )


def _version(found: "SecretProperties") -> SecretVersion:
    return SecretVersion(found.version or "")
