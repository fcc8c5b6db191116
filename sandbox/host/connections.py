"""
Storage clients for the connection names of bindings, found in the environment as Azure finds them (platform.md D4).

`NAME` (or `AzureWebJobsNAME`) is a connection string; otherwise `NAME__queueServiceUri`, `NAME__blobServiceUri` or
`NAME__accountName` with an identity: `NAME__credential=managedidentity` and `NAME__clientId`, else the default chain.
"""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Literal

from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

if TYPE_CHECKING:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

HOST_STORAGE = "AzureWebJobsStorage"
HOSTS_CONTAINER = "azure-webjobs-hosts"

type _Kind = Literal["blob", "queue"]
type _Service = BlobServiceClient | QueueServiceClient

_CLIENTS: Mapping[_Kind, type[_Service]] = {"blob": BlobServiceClient, "queue": QueueServiceClient}
# The host's own polling would drown the app's log lines at INFO.
_QUIET = logging.getLogger("sandbox.host.storage")


class Connections:
    """Hand out clients; `aclose` ends them all."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._services: dict[tuple[_Kind, str], Any] = {}
        self._open = AsyncExitStack()

    def queue(self, connection: str, name: str) -> QueueClient:
        """Return a client that neither encodes nor decodes messages."""
        service: QueueServiceClient = self._service("queue", connection)
        return service.get_queue_client(name)

    def hosts_container(self) -> ContainerClient:
        """Return the container in which hosts keep leases and timer states."""
        service: BlobServiceClient = self._service("blob", HOST_STORAGE)
        return service.get_container_client(HOSTS_CONTAINER)

    def problem(self, kind: _Kind, connection: str) -> str | None:
        """Return what is missing in the environment for this connection, or None."""
        if self._string(connection) or self._uri(kind, connection):
            return None
        return (
            f"Storage account connection string '{connection}' does not exist: neither setting '{connection}' "
            f"nor '{connection}__{kind}ServiceUri' nor '{connection}__accountName' is there"
        )

    async def aclose(self) -> None:
        await self._open.aclose()

    def _service(self, kind: _Kind, connection: str) -> Any:
        if (kind, connection) not in self._services:
            service = self._build(kind, connection)
            self._services[kind, connection] = service
            self._open.push_async_callback(service.close)
        return self._services[kind, connection]

    def _build(self, kind: _Kind, connection: str) -> _Service:
        client = _CLIENTS[kind]
        text = self._string(connection)
        if text:
            return client.from_connection_string(text, logger=_QUIET)
        uri = self._uri(kind, connection)
        if uri is None:
            raise LookupError(self.problem(kind, connection))
        return client(uri, credential=self._credential(connection), logger=_QUIET)

    def _credential(self, connection: str) -> "DefaultAzureCredential | ManagedIdentityCredential":
        # Half a second of imports that a host with a connection string does without.
        from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415 - as above

        client_id = self._part(connection, "clientId")
        credential: DefaultAzureCredential | ManagedIdentityCredential
        if (self._part(connection, "credential") or "").lower() == "managedidentity":
            credential = ManagedIdentityCredential(client_id=client_id, logger=_QUIET)
        else:
            credential = DefaultAzureCredential(managed_identity_client_id=client_id, logger=_QUIET)
        self._open.push_async_callback(credential.close)
        return credential

    def _string(self, connection: str) -> str | None:
        return self._environment.get(f"AzureWebJobs{connection}") or self._environment.get(connection)

    def _uri(self, kind: _Kind, connection: str) -> str | None:
        account = self._part(connection, "accountName")
        return self._part(connection, f"{kind}ServiceUri") or (
            f"https://{account}.{kind}.core.windows.net" if account else None
        )

    def _part(self, connection: str, name: str) -> str | None:
        prefixed = self._environment.get(f"AzureWebJobs{connection}__{name}")
        return prefixed or self._environment.get(f"{connection}__{name}")
