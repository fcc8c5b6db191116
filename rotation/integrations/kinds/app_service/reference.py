"""How App Service resolved a Key Vault reference, and what that says about a delivery."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from rotation.domain.delivery import Found, Level, Shipment, Verdict
from rotation.domain.errors import DestinationGone, DestinationRefused, RotationError

RESOLVED = "Resolved"


class Reference(BaseModel):
    """`configreferences/appsettings/<name>`; App Service says more."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    status: str = ""
    vault: str | None = Field(default=None, alias="vaultName")
    secret: str | None = Field(default=None, alias="secretName")
    pinned: str | None = Field(default=None, alias="secretVersion")
    """The version that the reference itself names."""
    version: str | None = Field(default=None, alias="activeVersion")
    """The version that the app got."""


def trouble(found: Reference, shipment: Shipment | None = None) -> RotationError | None:
    """Tell why no look of App Service would find the new secret; without a shipment, what can be told of any."""
    if not found.vault or not found.secret:
        return DestinationGone(
            f"that app setting is no Key Vault reference ({found.status or 'no status'}): write "
            "@Microsoft.KeyVault(SecretUri=https://<vault>/secrets/<name>/) into it once, or set `mode: setting`"
        )
    if found.pinned:
        return DestinationRefused(
            "the Key Vault reference names a version, so it never sees a new one: take the version out of it",
            reason="reference-elsewhere",
        )
    if shipment is not None and not _is_ours(found, shipment):
        return DestinationRefused(
            f"the Key Vault reference leads to {found.secret!r} in {found.vault}, not to the line's own "
            f"{shipment.secret_name!r} in {shipment.vault_url}; a copy elsewhere is a destination of kind key-vault",
            reason="reference-elsewhere",
        )
    return None


def judge(found: Reference, shipment: Shipment) -> Verdict:
    """Say what the app holds by the version that App Service fetched for it."""
    if (wrong := trouble(found, shipment)) is not None:
        return Verdict(found=Found.ABSENT, why=wrong.message)
    if found.status != RESOLVED:
        return Verdict(found=Found.ABSENT, why=f"App Service could not resolve the reference: {found.status}")
    if found.version is None:
        return Verdict(found=Found.UNKNOWABLE, why="resolved, but App Service does not say which version it got")
    if found.version.lower() != shipment.version.lower():
        return Verdict(found=Found.OLDER, why=f"it resolved to version {found.version}")
    return Verdict(found=Found.CURRENT, level=Level.STORED, why="resolved to this version")


def _is_ours(found: Reference, shipment: Shipment) -> bool:
    """Compare with the vault's name, which is the first label of its host."""
    host = urlsplit(shipment.vault_url).hostname or ""
    same_vault = (found.vault or "").lower() in {host.lower(), host.partition(".")[0].lower()}
    return same_vault and (found.secret or "").lower() == shipment.secret_name.lower()
