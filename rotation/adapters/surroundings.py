"""Our rights, clocks and storage in Azure, as `ports.surroundings` asks for them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import jwt
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from rotation.adapters.azure_errors import answer, each, translator
from rotation.adapters.closing import Closing
from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.roles import principal_id
from rotation.adapters.snapshots import CONTAINER
from rotation.adapters.storage import StorageAccount
from rotation.domain.errors import NotFound, RotationError, Unavailable
from rotation.domain.identifiers import ClientId
from rotation.ports.surroundings import Identity, Place

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

UNSEEN_SECONDS = 60
WITHIN_SECONDS = 15.0


class AzureSurroundings(Closing):
    """What Azure tells of itself; each connection is opened when it is first asked for. Close it after use."""

    def __init__(
        self,
        *,
        identity: "AsyncTokenCredential",
        graph: GraphClient,
        account: StorageAccount,
        open_client: Callable[[], "httpx.AsyncClient"],
        place: Place,
    ) -> None:
        self._identity, self._graph, self._account, self._open_client = identity, graph, account, open_client
        self._place = place
        self._tables: TableServiceClient | None = None
        self._queues: QueueServiceClient | None = None
        self._blobs: BlobServiceClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        for client in (self._tables, self._queues, self._blobs):
            if client is not None:
                await client.close()
        self._tables = self._queues = self._blobs = None

    @property
    def place(self) -> Place:
        return self._place

    async def identity(self) -> Identity:
        scope = f"{self._graph.root}/.default"
        token = await answer(self._identity.get_token(scope), translator("sign in to Graph"))
        return identity_of(token.token)

    async def principal(self, client_id: ClientId) -> str | None:
        return await principal_id(self._graph, client_id)

    async def service_time(self) -> datetime:
        import httpx  # noqa: PLC0415  # few ask the time

        try:
            async with self._open_client() as client:
                told = await client.get(f"{self._graph.root}/v1.0/", timeout=WITHIN_SECONDS)
            return parsedate_to_datetime(told.headers["date"]).astimezone(UTC)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            problem = type(error).__name__
        raise Unavailable(f"Graph does not tell its time ({problem})")

    async def missing_tables(self, names: Sequence[str]) -> tuple[str, ...]:
        self._tables = self._tables or self._account.tables()
        there = {table.name async for table in each(self._tables.list_tables(), translator("list tables"))}
        return tuple(name for name in names if name not in there)

    async def waiting(self, queue: str) -> int | None:
        usual = translator(f"look at queue {queue}", queue=queue)

        def translate(error: AzureError) -> RotationError:
            return NotFound(f"no queue {queue}") if isinstance(error, ResourceNotFoundError) else usual(error)

        try:
            found = await answer(self._queue(queue).get_queue_properties(), translate)
        except NotFound:
            return None
        return found.approximate_message_count or 0

    async def try_queue(self, queue: str, text: str) -> None:
        await answer(self._try(self._queue(queue), text), translator(f"send to queue {queue}", queue=queue))

    @staticmethod
    async def _try(client: "QueueClient", text: str) -> None:
        sent = await client.send_message(text, visibility_timeout=UNSEEN_SECONDS, time_to_live=2 * UNSEEN_SECONDS)
        await client.delete_message(sent)

    def _queue(self, name: str) -> "QueueClient":
        from azure.storage.queue import TextBase64EncodePolicy  # noqa: PLC0415  # loaded by who sends, or looks

        self._queues = self._queues or self._account.queues()
        return self._queues.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())

    async def has_container(self) -> bool:
        self._blobs = self._blobs or self._account.blobs()
        container = self._blobs.get_container_client(CONTAINER)
        return bool(await answer(container.exists(), translator(f"look at container {CONTAINER}")))


def identity_of(token: str) -> Identity:
    """
    Read who a token was given to. Its signature is Graph's to check: nothing is decided on it here.

    Claims: `idtyp` app or user, `appid`, `oid`, `roles` or `scp` (learn.microsoft.com, access-token-claims-reference).
    """
    claims = jwt.decode(token, options={"verify_signature": False})
    client_id, scopes = str(claims.get("appid", "")), str(claims.get("scp", ""))
    name = claims.get("upn") or claims.get("unique_name") or claims.get("app_displayname") or client_id
    return Identity(
        name=str(name),
        client_id=ClientId(client_id.lower()),
        object_id=str(claims.get("oid", "")),
        person=bool(scopes) or claims.get("idtyp") == "user",
        permissions=frozenset([*claims.get("roles", ()), *scopes.split()]),
    )
