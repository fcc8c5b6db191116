"""One compressed blob a pass, written in staged blocks and put in place only when complete (protocol.md, Ledger)."""

import base64
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock
from azure.storage.blob.aio import BlobClient, BlobServiceClient
from isal import isal_zlib

from rotation.adapters.azure_errors import Translate, answer, each, error_code, translated, translator
from rotation.adapters.closing import Closing
from rotation.domain.errors import NotFound, RotationError, StaleRecord, Unavailable
from rotation.ports.snapshots import SnapshotWriter, Stamp

CONTAINER = "snapshots"
BLOCK_BYTES = 524_288
"""aiohttp takes bodies above 1 MiB for a mistake."""
RAW_BYTES = 262_144
"""Lines are compressed so many bytes at a time: a call a line costs as much as the work."""
LEVEL = 1
"""A fifth of the time that zlib's fastest level takes, for a twentieth fewer bytes (docs/performance.md)."""
AS_OF = "as_of"
"""Metadata of the blob: the service's own clock says when it was put in place, ours as of when it is."""
GZIP = 31
"""zlib's word for a gzip header and trailer."""


class AzureSnapshots(Closing):
    """All passes' files in one container, which is made when it is first written to."""

    def __init__(self, client: BlobServiceClient, *, container: str = CONTAINER) -> None:
        self._client = client
        self._container = container

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def write(self, name: str, *, at: datetime) -> AbstractAsyncContextManager[SnapshotWriter]:
        return self._writing(name, at)

    @asynccontextmanager
    async def _writing(self, name: str, at: datetime) -> AsyncIterator[SnapshotWriter]:
        await answer(self._make(), translator(f"make container {self._container}"))
        yield _Writer(self._blob(name), name, at)

    async def stamp(self, name: str) -> Stamp:
        found = await answer(self._blob(name).get_blob_properties(), _translator(name))
        told = found.metadata.get(AS_OF)
        return Stamp(etag=found.etag, at=datetime.fromisoformat(told) if told else found.last_modified)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        translate = _translator(name)
        found = await answer(self._blob(name).download_blob(), translate)
        async for line in _lines(each(found.chunks(), translate), name):
            yield line

    async def _make(self) -> None:
        """Make the container where it is missing; a role on the container alone may not even ask to make it."""
        container = self._client.get_container_client(self._container)
        if await container.exists():
            return
        try:
            await container.create_container()
        except ResourceExistsError:
            return

    def _blob(self, name: str) -> BlobClient:
        return self._client.get_blob_client(self._container, f"{name}.jsonl.gz")


class _Writer:
    """Holds little more than a block; block ids are its own, so that two writers of a pass cannot mix their blocks."""

    def __init__(self, blob: BlobClient, name: str, at: datetime) -> None:
        self._blob, self._translate, self._at = blob, _translator(name), at
        self._gzip = isal_zlib.compressobj(LEVEL, wbits=GZIP)
        self._raw = bytearray()
        self._held = bytearray()
        self._blocks: list[BlobBlock] = []
        self._prefix = secrets.token_hex(8)
        self._bytes = 0

    async def add(self, lines: bytes) -> None:
        if lines and not lines.endswith(b"\n"):
            raise ValueError("a line comes with its break")
        self._raw += lines
        if len(self._raw) >= RAW_BYTES:
            self._compress()
        if len(self._held) >= BLOCK_BYTES:
            await self._stage()

    async def complete(self) -> int:
        self._compress()
        self._held += self._gzip.flush()
        await self._stage()
        as_of = {AS_OF: self._at.isoformat()}
        await answer(self._blob.commit_block_list(self._blocks, metadata=as_of), self._translate)
        return self._bytes

    def _compress(self) -> None:
        self._held += self._gzip.compress(self._raw)
        self._raw.clear()

    async def _stage(self) -> None:
        number = f"{self._prefix}{len(self._blocks):08d}"
        block = base64.b64encode(number.encode()).decode()
        await answer(self._blob.stage_block(block, bytes(self._held)), self._translate)
        self._blocks.append(BlobBlock(block_id=block))
        self._bytes += len(self._held)
        self._held.clear()


async def _lines(chunks: AsyncIterable[bytes], name: str) -> AsyncIterator[bytes]:
    unzip = isal_zlib.decompressobj(wbits=GZIP)
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + unzip.decompress(chunk)).split(b"\n")
        for line in lines:
            yield line
    if not unzip.eof or rest:
        raise Unavailable(f"pass {name} ends in the middle", name=name)


def _translator(name: str) -> Translate:
    def translate(error: AzureError) -> RotationError:
        if isinstance(error, ResourceNotFoundError):
            return NotFound(f"no pass {name} was ever complete", name=name)
        if error_code(error) == "InvalidBlockList":
            return StaleRecord(f"another writer completed pass {name} meanwhile", name=name)
        if isinstance(error, ResourceModifiedError):
            return Unavailable(f"pass {name} was replaced while we read it", name=name)
        return translated(error, f"snapshot {name}", name=name)

    return translate
