"""
An append blob a day, in a container whose policy lets blobs grow and nothing else (infra/modules/storage.bicep).

An append blob takes 50,000 appends; a day has a few hundred.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import date

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from rotation.adapters.azure_errors import answer, each, translated
from rotation.adapters.closing import Closing
from rotation.domain.errors import NotFound, RotationError

CONTAINER = "audit"
BLOCK_BYTES = 524_288
"""aiohttp takes bodies above 1 MiB for a mistake."""


class AzureAuditTrail(Closing):
    """All days in one container, which is made when it is first written to."""

    def __init__(self, client: BlobServiceClient, *, container: str = CONTAINER) -> None:
        self._client = client
        self._container = container

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def append(self, day: date, lines: Sequence[bytes]) -> None:
        blob = self._client.get_blob_client(self._container, _name(day))
        for block in _blocks(lines):
            try:
                await answer(blob.append_block(block), _translate)
            except NotFound:
                await answer(self._make(blob), _translate)
                await answer(blob.append_block(block), _translate)

    async def read(self, since: date, until: date = date.max) -> AsyncIterator[bytes]:
        container = self._client.get_container_client(self._container)
        if not await answer(container.exists(), _translate):
            return
        names = [blob.name async for blob in each(container.list_blobs(), _translate)]
        for name in sorted(name for name in names if _name(since) <= name <= _name(until)):
            found = await answer(container.get_blob_client(name).download_blob(), _translate)
            rest = b""
            async for chunk in each(found.chunks(), _translate):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line

    async def _make(self, blob: BlobClient) -> None:
        """Make container and file where they are missing; a file that is there stays as it is."""
        container = self._client.get_container_client(self._container)
        if not await container.exists():  # a role on the container alone may not even ask to make it
            with suppress(ResourceExistsError):
                await container.create_container()
        with suppress(ResourceExistsError, ResourceModifiedError):
            await blob.create_append_blob(match_condition=MatchConditions.IfMissing)


def _name(day: date) -> str:
    return f"{day:%Y/%m/%d}.jsonl"


def _blocks(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Put whole lines together; the service adds a block as a whole or not at all."""
    held = bytearray()
    for line in lines:
        if b"\n" in line:
            raise ValueError("a line comes without its break")
        if held and len(held) + len(line) >= BLOCK_BYTES:
            yield bytes(held)
            held.clear()
        held += line
        held += b"\n"
    if held:
        yield bytes(held)


def _translate(error: AzureError) -> RotationError:
    if isinstance(error, ResourceNotFoundError):
        return NotFound("there is no such file of the audit trail")
    return translated(error, "audit trail")
