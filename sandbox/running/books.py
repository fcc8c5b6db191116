"""`Books`: what really stands in storage, read beside the app, with the account's key."""

import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from sandbox.storage import Azurite

_GZIP = 31
_PEEKED = 32


class Piece(NamedTuple):
    """Something stored: where, and its bytes."""

    where: str
    content: bytes


class Books:
    """Read tables, queues and blobs; a context manager."""

    def __init__(self, storage: Azurite, *, ca_file: str) -> None:
        text = storage.connection_string
        self._tables = TableServiceClient.from_connection_string(text, connection_verify=ca_file)
        self._queues = QueueServiceClient.from_connection_string(text, connection_verify=ca_file)
        self._blobs = BlobServiceClient.from_connection_string(text, connection_verify=ca_file)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give every row of a table; none where there is no such table yet."""
        try:
            return [dict(row) for row in self._tables.get_table_client(table).list_entities()]
        except ResourceNotFoundError:
            return []

    def waiting(self, queue: str) -> int:
        """Count the messages of a queue that anybody could take now, at most 32."""
        return len(self._peek(queue))

    def blob(self, container: str, name: str) -> bytes:
        """Give a blob's bytes, unzipped where its name says so; empty where there is none."""
        try:
            content: bytes = self._blobs.get_blob_client(container, name).download_blob().readall()
        except ResourceNotFoundError:
            return b""
        return zlib.decompress(content, wbits=_GZIP) if name.endswith(".gz") else content

    def everything(self) -> Iterator[Piece]:
        """Give every row, message and blob there is."""
        for table in self._tables.list_tables():
            for row in self.rows(table.name):
                yield Piece(f"table {table.name}, row {row['PartitionKey']} {row['RowKey']}", _bytes(row))
        for queue in self._queues.list_queues():
            for message in self._peek(queue.name):
                yield Piece(f"queue {queue.name}, message {message.id}", _bytes(message.content))
        for container in self._blobs.list_containers():
            for blob in self._blobs.get_container_client(container.name).list_blobs():
                yield Piece(f"blob {container.name}/{blob.name}", self.blob(container.name, blob.name))

    def close(self) -> None:
        for client in (self._tables, self._queues, self._blobs):
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _peek(self, queue: str) -> list[Any]:
        try:
            return list(self._queues.get_queue_client(queue).peek_messages(max_messages=_PEEKED))
        except ResourceNotFoundError:
            return []


def _bytes(value: object) -> bytes:
    return str(value).encode()
