"""Read what a channel signs in with from our own vault, each time: who replaces it need not restart us."""

from rotation.domain.errors import AccessDenied, Misconfigured, NotFound, VaultRefused
from rotation.domain.secret import SecretText
from rotation.ports.vault import Vault


async def newest(vault: Vault, name: str, *, missing: Misconfigured) -> SecretText:
    """
    Read the newest enabled version of the secret *name*.

    Raises:
        Misconfigured: There is none: *missing*.
        AccessDenied: We may not read it.
        Unavailable: The vault does not answer.
    """
    try:
        enabled = [version for version in await vault.versions(name) if version.enabled]
        if enabled:
            return await vault.read(name, enabled[-1].version)
    except VaultRefused as error:
        raise AccessDenied(f"the vault secret {name!r} cannot be read: {error.message}", secret=name) from error
    except NotFound as error:
        raise missing from error
    raise missing
