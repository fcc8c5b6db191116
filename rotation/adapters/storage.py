"""
The storage account: one place that knows its addresses and how we sign in to it.

Settings are those of the Functions host (platform.md D4): `AzureWebJobsStorage` with a connection string, or
`AzureWebJobsStorage__accountName`, or the three `AzureWebJobsStorage__<service>ServiceUri`, with our identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from rotation.adapters.transport import MeasuredTransport
from rotation.domain.errors import Misconfigured

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueServiceClient

CONNECTION = "AzureWebJobsStorage"
SERVICES = ("blob", "queue", "table")
AUDIENCE = "https://storage.azure.com"
"""The tables SDK asks for a token of Cosmos DB where it does not know the host (seen with 12.7)."""
RETRIES: dict[str, Any] = {"retry_total": 3, "retry_connect": 2, "retry_read": 2, "retry_status": 3}
"""Few: a step that waits in here holds its lease; the wake repeats it better."""
PIECES: dict[str, Any] = {"max_single_get_size": 2_097_152, "max_chunk_get_size": 2_097_152}
"""Bytes: a blob is read piece by piece, each on condition that it is the same still; the SDK else holds 32 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccount:
    """Where the account is; with a connection string, or with three addresses and an identity."""

    connection_string: str | None = field(default=None, repr=False)
    addresses: Mapping[str, str] = field(default_factory=dict)
    credential: "AsyncTokenCredential | None" = field(default=None, repr=False)

    @classmethod
    def read(cls, settings: Mapping[str, str], *, credential: "AsyncTokenCredential", name: str = CONNECTION) -> Self:
        """
        Read the settings of connection *name*.

        Raises:
            Misconfigured: Neither a connection string nor enough addresses are set.
        """
        if connection_string := settings.get(name):
            return cls(connection_string=connection_string)
        account = settings.get(f"{name}__accountName")
        suffix = settings.get(f"{name}__endpointSuffix", "core.windows.net")
        addresses: dict[str, str] = {}
        for service in SERVICES:
            usual = f"https://{account}.{service}.{suffix}" if account else ""
            addresses[service] = settings.get(f"{name}__{service}ServiceUri", usual)
        missing = [f"{name}__{service}ServiceUri is not set" for service in SERVICES if not addresses[service]]
        if missing:
            raise Misconfigured([f"{name} is not set (a connection string would do)", *missing])
        return cls(addresses=addresses, credential=credential)

    def tables(self) -> TableServiceClient:
        """Open a client for tables; close it after use."""
        if self.connection_string:
            return TableServiceClient.from_connection_string(self.connection_string, **_wired())
        return TableServiceClient(
            self.addresses["table"],
            credential=self._identity(),
            audience=AUDIENCE,
            **_wired(),
        )

    def queues(self) -> "QueueServiceClient":
        """Open a client for queues; close it after use."""
        from azure.storage.queue.aio import QueueServiceClient  # noqa: PLC0415  # a quiet night sends nothing

        if self.connection_string:
            return QueueServiceClient.from_connection_string(self.connection_string, **_wired())
        return QueueServiceClient(self.addresses["queue"], credential=self._identity(), **_wired())

    def blobs(self) -> BlobServiceClient:
        """Open a client for blobs; close it after use."""
        if self.connection_string:
            return BlobServiceClient.from_connection_string(self.connection_string, **PIECES, **_wired())
        return BlobServiceClient(self.addresses["blob"], credential=self._identity(), **PIECES, **_wired())

    def _identity(self) -> "AsyncTokenCredential":
        if self.credential is None:
            raise Misconfigured([f"{CONNECTION}: addresses need an identity"])
        return self.credential


def _wired() -> dict[str, Any]:
    """Give what a client opens its connections with; each has a pool of its own."""
    return {"transport": MeasuredTransport(), **RETRIES}
