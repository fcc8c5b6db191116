"""Where `rotation.yaml` is read from: a file, or a blob."""

import asyncio
from pathlib import Path
from typing import Protocol

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

from rotation.adapters.azure_errors import answer, translated
from rotation.adapters.closing import Closing
from rotation.adapters.storage import StorageAccount
from rotation.domain.errors import Misconfigured, RotationError

BLOB = "blob:"
"""`blob:<container>/<name>` means the storage account; anything else is a path."""


class ConfigSource(Protocol):
    """Gives the text as it is now."""

    async def read(self) -> str:
        """
        Read the text.

        Raises:
            Misconfigured: There is no such file or blob, or it is not UTF-8.
        """
        ...

    async def close(self) -> None:
        """Close connections, where there are any."""
        ...


class FileSource:
    """A file beside the code."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> str:
        try:
            raw = await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            raise Misconfigured([f"{self._path} cannot be read: {error.strerror}"]) from error
        return _text(raw, str(self._path))

    async def close(self) -> None:
        """Nothing is open."""


class BlobSource(Closing):
    """A blob of the storage account, so that a change needs no deployment."""

    def __init__(self, client: BlobServiceClient, container: str, name: str) -> None:
        self._client, self._container, self._name = client, container, name

    async def read(self) -> str:
        return _text(await answer(self._download(), self._translate), f"{BLOB}{self._container}/{self._name}")

    async def close(self) -> None:
        await self._client.close()

    async def _download(self) -> bytes:
        found = await self._client.get_blob_client(self._container, self._name).download_blob()
        return await found.readall()

    def _translate(self, error: AzureError) -> RotationError:
        where = f"{BLOB}{self._container}/{self._name}"
        if isinstance(error, ResourceNotFoundError):
            return Misconfigured([f"{where}: there is no such blob"])
        return translated(error, f"read {where}")


def config_source(place: str, account: StorageAccount) -> ConfigSource:
    """Choose by the form of *place* (setting ROTATION_CONFIG)."""
    if not place.startswith(BLOB):
        return FileSource(Path(place))
    container, mark, name = place.removeprefix(BLOB).partition("/")
    if not mark or not name:
        raise Misconfigured([f"{place!r} is not of the form {BLOB}<container>/<name>"])
    return BlobSource(account.blobs(), container, name)


def _text(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise Misconfigured([f"{where}:{line}:{column}  is not UTF-8 (byte {error.start})"]) from None
