"""What the catalogue hands to a kind: no kind reaches further."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from rotation.domain.errors import AccessDenied, NotFound, VaultRefused
from rotation.domain.identifiers import TenantId
from rotation.domain.secret import SecretText
from rotation.ports.clock import Clock
from rotation.ports.vault import Vaults

type OpenClient = Callable[[], httpx.AsyncClient]
"""Opens a client that the caller closes; it verifies certificates and carries no cookies."""

SECRET_ID = re.compile(r"(?P<vault>https://[^/]+)/secrets/(?P<name>[0-9A-Za-z-]{1,127})/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationServices:
    """Vaults, HTTPS, time, and the tenant that we are in."""

    vaults: Vaults
    home_vault: str
    """Address of our own vault, where connection secrets live unless a reference names another one."""
    open_client: OpenClient
    clock: Clock
    tenant_id: TenantId

    async def connection_secret(self, reference: str) -> SecretText:
        """
        Read the newest enabled version of what a connection signs in with.

        *reference* is a secret's name in our own vault, or `https://<vault>/secrets/<name>`.

        Raises:
            AccessDenied: We may not read it, or it is not there (reason `connection-secret-missing`).
        """
        match = SECRET_ID.fullmatch(reference)
        url, name = (match["vault"], match["name"]) if match else (self.home_vault, reference)
        missing = AccessDenied(
            f"the connection secret {name!r} is not in {url}; put it there, enabled",
            reason="connection-secret-missing",
            secret=name,
        )
        try:
            vault = self.vaults.at(url)
            enabled = [version for version in await vault.versions(name) if version.enabled]
            if enabled:
                return await vault.read(name, enabled[-1].version)
        except VaultRefused as error:
            raise AccessDenied(
                f"the connection secret {name!r} cannot be read: {error.message}", secret=name
            ) from error
        except NotFound as error:
            raise missing from error
        raise missing
