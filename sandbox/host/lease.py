"""One owner at a time over several hosts, by a lease on a blob in azure-webjobs-hosts/locks (platform.md D2)."""

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob.aio import BlobLeaseClient, ContainerClient

_LOG = logging.getLogger("sandbox.host")


async def create_container(container: ContainerClient) -> None:
    """Create a container that may already be there."""
    try:
        await container.create_container()
    except ResourceExistsError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class SingletonLease:
    """
    Claim `path` for `instance`, `seconds` at a time (15 to 60, as the service allows).

    The lease id follows from the instance's name, so an instance that was killed and comes back under the same name
    has its lease again at once; another instance waits until it runs out.
    """

    container: ContainerClient
    path: str
    instance: str
    seconds: int

    async def acquire(self) -> bool:
        """Return whether we own it now; an unreachable storage is a no, logged."""
        try:
            await self._ensure_blob()
            await self._client().acquire(lease_duration=self.seconds)
        except HttpResponseError as error:
            if error.status_code != 409:
                _LOG.warning("Lease %s: %s", self.path, error.message)
            return False
        except AzureError as error:
            _LOG.warning("Lease %s: %s", self.path, error)
            return False
        return True

    async def renew(self) -> None:
        """Keep it for another period; raise what the storage says when it is lost or out of reach."""
        await self._client().renew()

    async def release(self) -> None:
        """Let others have it; one that is already lost or out of reach runs out by itself."""
        try:
            await self._client().release()
        except AzureError as error:
            _LOG.warning("Lease %s was not released: %s", self.path, error)

    async def _ensure_blob(self) -> None:
        blob = self.container.get_blob_client(self.path)
        if await blob.exists():
            return
        await create_container(self.container)
        try:
            await blob.upload_blob(b"", overwrite=False)
        except ResourceExistsError:
            return

    def _client(self) -> BlobLeaseClient:
        blob: Any = self.container.get_blob_client(self.path)
        lease_id = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.instance}/{self.path}")
        return BlobLeaseClient(blob, lease_id=str(lease_id))
