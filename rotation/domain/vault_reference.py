"""Read a reference to a vault secret: its name in our own vault, or `https://<vault>/secrets/<name>`."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"(?P<vault>https://[^/]+)/secrets/(?P<name>[0-9A-Za-z-]{1,127})/?")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class VaultPlace:
    """Where a secret lies."""

    vault_url: str
    name: str

    @classmethod
    def read(cls, reference: str, *, home: str) -> Self:
        """Find the place that *reference* means; *home* is our own vault."""
        found = _ADDRESS.fullmatch(reference)
        return cls(vault_url=found["vault"], name=found["name"]) if found else cls(vault_url=home, name=reference)

    @property
    def host(self) -> str:
        """The vault's host, with its port where it names one."""
        return urlsplit(self.vault_url).netloc
