"""Key vaults in dictionaries."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rotation.domain.errors import NotFound, VaultRefused
from rotation.domain.identifiers import SecretVersion
from rotation.domain.secret import SecretText
from rotation.ports.clock import Clock
from rotation.ports.vault import NamedSecret, NewVersion, Vault, VersionProperties
from tests.fakes.clock import MovableClock
from tests.fakes.mishaps import Mishaps

NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


@dataclass(slots=True)
class _Kept:
    properties: VersionProperties
    text: SecretText = field(repr=False)


class MemoryVault:
    """
    One vault.

    Crueller than the real thing: versions made within one second are listed in no useful order of time (their
    `created_at` has whole seconds, as in Key Vault); `refusing` says no to everything, as a firewall does, also to
    reads; `mishaps` (`secrets`, `versions`, `write`, `read`, `disable`) lose a write's answer (LOST_AFTER) or repeat it
    (REPEATED), which makes one version too many.
    """

    def __init__(self, url: str = "https://vault.example", clock: Clock | None = None) -> None:
        self._url = url
        self._clock = clock or MovableClock()
        self._secrets: dict[str, list[_Kept]] = {}
        self._numbers = itertools.count(1)
        self.soft_deleted: set[str] = set()
        self.refusing: str | None = None
        """A reason while it refuses, for example `vault-refused`."""
        self.refusal = "ForbiddenByRbac"
        """The service's own code while it refuses."""
        self.mishaps = Mishaps()

    @property
    def url(self) -> str:
        return self._url

    async def secrets(self) -> Sequence[NamedSecret]:
        async def act() -> Sequence[NamedSecret]:
            self._admit("")
            names = sorted(name for name in self._secrets if name not in self.soft_deleted)
            return [NamedSecret(name=name, tags=self._secrets[name][-1].properties.tags) for name in names]

        return await self.mishaps.around("secrets", act)

    async def versions(self, name: str) -> Sequence[VersionProperties]:
        async def act() -> Sequence[VersionProperties]:
            self._admit(name)
            return [kept.properties for kept in self._secrets.get(name, [])]

        return await self.mishaps.around("versions", act)

    async def write(self, name: str, version: NewVersion) -> SecretVersion:
        async def act() -> SecretVersion:
            self._admit(name)
            _check(name, version)
            return self._keep(name, version)

        return await self.mishaps.around("write", act)

    async def read(self, name: str, version: SecretVersion) -> SecretText:
        async def act() -> SecretText:
            self._admit(name)
            kept = self._find(name, version)
            if kept is None or not kept.properties.enabled:
                raise NotFound(f"no enabled version {version} of {name}", name=name, version=version)
            return kept.text

        return await self.mishaps.around("read", act)

    async def disable(self, name: str, version: SecretVersion) -> None:
        async def act() -> None:
            self._admit(name)
            kept = self._find(name, version)
            if kept is None:
                raise NotFound(f"no version {version} of {name}", name=name, version=version)
            kept.properties = replace(kept.properties, enabled=False)

        await self.mishaps.around("disable", act)

    def latest(self, name: str) -> tuple[VersionProperties, SecretText] | None:
        """Look at the latest version, as a consumer does."""
        kept = self._secrets.get(name)
        return (kept[-1].properties, kept[-1].text) if kept else None

    def kept(self, name: str) -> list[VersionProperties]:
        """Look at every version of a name, whatever the vault answers to others."""
        return [kept.properties for kept in self._secrets.get(name, [])]

    def soft_delete(self, name: str) -> None:
        """Somebody deletes the secret; its name stays taken."""
        self.soft_deleted.add(name)

    def recover(self, name: str) -> None:
        """Somebody recovers it."""
        self.soft_deleted.discard(name)

    def names(self) -> list[str]:
        """Give every name that was ever written."""
        return sorted(self._secrets)

    def holds(self, text: SecretText) -> list[tuple[str, VersionProperties]]:
        """Find every version that holds *text*, disabled ones too."""
        return [
            (name, kept.properties)
            for name, versions in self._secrets.items()
            for kept in versions
            if kept.text == text
        ]

    def _admit(self, name: str) -> None:
        if self.refusing is not None:
            raise VaultRefused("the vault says no", reason=self.refusing, vault=self._url, code=self.refusal)
        if name in self.soft_deleted:
            raise VaultRefused(f"{name} is soft-deleted", reason="vault-name-deleted", vault=self._url, name=name)

    def _find(self, name: str, version: SecretVersion) -> _Kept | None:
        return next((kept for kept in self._secrets.get(name, []) if kept.properties.version == version), None)

    def _keep(self, name: str, version: NewVersion) -> SecretVersion:
        made = SecretVersion(f"{next(self._numbers):032x}")
        properties = VersionProperties(
            version=made,
            enabled=version.enabled,
            created_at=self._clock.now().replace(microsecond=0),
            expires_at=version.expires_at and version.expires_at.replace(microsecond=0),
            tags=dict(version.tags),
        )
        self._secrets.setdefault(name, []).append(_Kept(properties, version.text))
        return made


def _check(name: str, version: NewVersion) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a secret")
    if len(version.tags) > 15 or any(max(len(key), len(value)) > 256 for key, value in version.tags.items()):
        raise ValueError("at most 15 tags of 256 characters")


class MemoryVaults:
    """Every vault that is asked for; they share a clock and nothing else."""

    def __init__(self, *vaults: MemoryVault, clock: Clock | None = None) -> None:
        self._clock = clock
        self._vaults = {vault.url.rstrip("/"): vault for vault in vaults}

    def at(self, url: str) -> Vault:
        return self.memory(url)

    def memory(self, url: str) -> MemoryVault:
        """Give the fake itself, with its knobs."""
        return self._vaults.setdefault(url.rstrip("/"), MemoryVault(url.rstrip("/"), self._clock))
