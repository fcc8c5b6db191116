"""A key vault's secrets: the one home of secret text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rotation.domain.identifiers import SecretVersion
from rotation.domain.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionProperties:
    """One version without its text; tags and attributes are the version's own, never inherited."""

    version: SecretVersion
    enabled: bool
    created_at: datetime
    expires_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What is written: at most 15 tags of 256 characters (platform.md C1)."""

    text: SecretText
    tags: Mapping[str, str]
    expires_at: datetime | None = None
    enabled: bool = True
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSecret:
    """A secret as a vault lists it: its name, and the tags of its latest version."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)


class Vault(Protocol):
    """
    One vault.

    Raises everywhere: Throttled, Unavailable; VaultRefused for a firewall, policy or missing right, and for a
    name that is soft-deleted (reason `vault-name-deleted`): a name that cannot be read is no answer.
    """

    @property
    def url(self) -> str:
        """The vault's address."""
        ...

    async def secrets(self) -> Sequence[NamedSecret]:
        """Name every secret, those whose latest version is disabled too; soft-deleted ones are not among them."""
        ...

    async def versions(self, name: str) -> Sequence[VersionProperties]:
        """List every version, enabled or not, oldest first; empty where there never was such a secret."""
        ...

    async def write(self, name: str, version: NewVersion) -> SecretVersion:
        """Write a new version, which becomes the latest. One too many is possible: tags decide which one counts."""
        ...

    async def read(self, name: str, version: SecretVersion) -> SecretText:
        """
        Read one version's text.

        Raises:
            NotFound: There is no such version, or it is disabled.
        """
        ...

    async def disable(self, name: str, version: SecretVersion) -> None:
        """Disable a version; what is disabled already stays so."""
        ...


class Vaults(Protocol):
    """All vaults that the configuration names, by address."""

    def at(self, url: str) -> Vault:
        """Give the vault of that address."""
        ...
