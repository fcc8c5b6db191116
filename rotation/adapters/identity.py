"""Our own identity: the managed identity in Azure, whoever is signed in at a terminal."""

from typing import TYPE_CHECKING

from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def hosted_identity(client_id: str | None = None) -> "AsyncTokenCredential":
    """Use the managed identity; *client_id* names a user-assigned one. Close it after use."""
    return ManagedIdentityCredential(client_id=client_id)


def terminal_identity() -> "AsyncTokenCredential":
    """Use what the person has: environment variables, the Azure CLI, azd. Close it after use."""
    return DefaultAzureCredential(
        exclude_managed_identity_credential=False, exclude_interactive_browser_credential=True
    )
