"""Settings of `key-vault` destinations."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from rotation.domain.capability import Description, ReadBack
from rotation.domain.delivery import Capabilities, DeliveryMode, Level
from rotation.integrations.settings import KindSettings

ADDRESS = re.compile(r"https://[^/?#@\s]+/?")


def _vault_address(text: str) -> str:
    if ADDRESS.fullmatch(text) is None:
        raise ValueError("a vault's address looks like https://<name>.vault.azure.net")
    return text.rstrip("/").lower()


class KeyVaultSettings(KindSettings):
    """Which secret of which vault."""

    vault: Annotated[str, AfterValidator(_vault_address)]
    """Address of the vault; our identity needs get, list and set on its secrets."""
    secret: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{1,127}$")]
    """Name of the secret (platform.md C1)."""
    adopt: bool = False
    """Yes, what lies there without our tags may be replaced by a new version."""
    content_type: Annotated[str, Field(max_length=255)] = "text/plain"

    def identity(self) -> Mapping[str, object]:
        """Give vault and name; the value always leaves, and `adopt` is a permission, not an address."""
        return {"vault": self.vault, "secret": self.secret, "value": True}

    def capabilities(self) -> Capabilities:
        """Tell that it can be read back."""
        return Capabilities(mode=DeliveryMode.AUTOMATIC, level=Level.STORED, reads_back=ReadBack.VALUE)

    def describe(self) -> Description:
        """Name secret and vault."""
        return Description(
            where=f"secret {self.secret!r} in {self.vault}",
            permissions=("Key Vault Secrets Officer on this secret (get, list and set)",),
            secretless="What runs in Azure can sign in by its own managed identity instead of by a copied secret.",
            traps=("Each write is a new version; consumers that pin a version never see it.",),
        )
