"""What the catalogue hands to a kind: no kind reaches further."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotation.domain.errors import AccessDenied, NotFound, VaultRefused
from rotation.domain.identifiers import ClientId, TenantId
from rotation.domain.secret import SecretText
from rotation.domain.vault_reference import VaultPlace
from rotation.ports.clock import Clock
from rotation.ports.directory import Directory
from rotation.ports.vault import Vaults

if TYPE_CHECKING:
    import httpx

type TokenFor = Callable[[str], Awaitable[SecretText]]
"""Gets an access token of our own identity for a scope, such as `https://management.azure.com/.default`."""

type TokenAs = Callable[[ClientId, SecretText, str], Awaitable[SecretText]]
"""
Signs in as another application of our tenant, with its secret, for a scope; each call with a connection of its own.

Raises AccessDenied with the AADSTS code where it is refused, and Retryable where there was no answer.
"""

type OpenClient = Callable[[], "httpx.AsyncClient"]
"""Opens a client that the caller closes; it verifies certificates and carries no cookies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationServices:
    """Vaults, HTTPS, time, our identity's tokens, the directory, and the tenant that we are in."""

    vaults: Vaults
    home_vault: str
    """Address of our own vault, where connection secrets live unless a reference names another one."""
    open_client: OpenClient
    clock: Clock
    tenant_id: TenantId
    directory: Directory
    """To look before a person is bothered: roles granted, a group that is there."""
    token: TokenFor
    token_as: TokenAs
    graph_url: str
    arm_url: str
    authority_host: str
    """These three are of the cloud that we are in; none has a default, so that nobody forgets one."""

    async def connection_secret(self, reference: str) -> SecretText:
        """
        Read the newest enabled version of what a connection signs in with.

        *reference* is a secret's name in our own vault, or `https://<vault>/secrets/<name>`.

        Raises:
            AccessDenied: We may not read it, or it is not there (reason `connection-secret-missing`).
        """
        place = VaultPlace.read(reference, home=self.home_vault)
        url, name = place.vault_url, place.name
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
