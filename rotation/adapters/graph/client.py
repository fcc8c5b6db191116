"""Send to Graph, signed in and within a time: reads as bytes, writes by msgraph-sdk (platform.md B3, K)."""

from typing import TYPE_CHECKING, Literal

from rotation.adapters.closing import Closing
from rotation.adapters.graph.errors import Translate, answer
from rotation.domain.errors import BrokenInvariant

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from msgraph.graph_service_client import GraphServiceClient

    from rotation.adapters.graph.connection import Connection
    from rotation.adapters.graph.reads import Reads

type Priority = Literal["low", "normal", "high"]


class GraphClient(Closing):
    """
    One Graph, connected to when something is first sent. Close it after use.

    Args:
        credential: Our own identity.
        root: Address without version, for example `https://graph.microsoft.com`.
        scope: Of the token; the root's by default.
    """

    def __init__(self, credential: "AsyncTokenCredential", root: str, *, scope: str | None = None) -> None:
        self.root = root.rstrip("/")
        self._credential = credential
        self._scope = scope or f"{self.root}/.default"
        self._connection: Connection | None = None
        self._reads: Reads | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        if self._reads is not None:
            await self._reads.close()
            self._reads = None

    @property
    def sdk(self) -> "GraphServiceClient":
        """msgraph-sdk's client, for writes."""
        if self._connection is None:
            from rotation.adapters.graph.connection import Connection  # noqa: PLC0415  # cold start, see there

            self._connection = Connection(self._credential, self.root, self._scope)
        return self._connection.sdk

    def address(self, path: str, *, version: str = "v1.0") -> str:
        """Give the address of a path."""
        return f"{self.root}/{version}{path}"

    async def get(self, url: str, translate: Translate, *, priority: Priority = "high") -> bytes:
        """Read one answer as bytes; *url* is absolute, as Graph's own nextLinks are, and never leaves this Graph."""
        if not url.startswith(f"{self.root}/"):
            raise BrokenInvariant("Graph points to another host; our token stays here")
        return await answer(self._reading().send("GET", url, body=b"", priority=priority), translate)

    async def post(self, url: str, body: bytes, translate: Translate) -> bytes:
        """Send JSON that changes nothing (a batch of reads) and give the answer as bytes."""
        return await answer(self._reading().send("POST", url, body=body, priority="low"), translate)

    async def write(
        self, method: Literal["POST", "DELETE"], url: str, translate: Translate, *, body: bytes = b""
    ) -> bytes:
        """
        Send a write that may come twice, for it is repeated as reads are (platform.md A3).

        For what a second time does no harm to; a secret is never added by it.
        """
        return await answer(self._reading().send(method, url, body=body, priority="normal"), translate)

    def _reading(self) -> "Reads":
        if self._reads is None:
            from rotation.adapters.graph.reads import Reads  # noqa: PLC0415  # cold start

            self._reads = Reads(self._credential, self._scope)
        return self._reads
