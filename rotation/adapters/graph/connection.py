"""msgraph-sdk, wired to one Graph. Importing it takes 0.35 s, so `client` does that when something is first sent."""

from typing import TYPE_CHECKING, Literal

import httpx
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]  # ships no type marker

from rotation.adapters.measured import MeasuredTransport

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

PATIENCE = httpx.Timeout(60, connect=10)


class Connection:
    """One connection pool with the SDK's default middleware: it repeats reads on 429, 503 and 504 as they ask."""

    def __init__(self, credential: "AsyncTokenCredential", root: str, scope: str) -> None:
        # The SDK's own transport, which it puts around this one, does not close what it wraps: we do.
        self._transport = MeasuredTransport(http2=True)
        plain = httpx.AsyncClient(timeout=PATIENCE, transport=self._transport, base_url=f"{root}/v1.0")
        self._http = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
        signed_in = AzureIdentityAuthenticationProvider(credential, scopes=[scope])
        self._adapter = GraphRequestAdapter(signed_in, self._http)
        self._adapter.base_url = f"{root}/v1.0"
        self.sdk = GraphServiceClient(request_adapter=self._adapter)

    async def send(self, method: Literal["GET", "POST"], url: str, *, body: bytes, priority: str) -> bytes:
        """Send to an absolute address and give the answer's bytes, which no model reads (platform.md K)."""
        request = RequestInformation(Method(method))
        request.url = url
        request.headers.add("Accept", "application/json")
        request.headers.add("x-ms-throttle-priority", priority)
        if body:
            request.set_stream_content(body, "application/json")
        raw: object = await self._adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
        return raw if isinstance(raw, bytes) else b""

    async def close(self) -> None:
        """Close the pool."""
        await self._http.aclose()
        await self._transport.aclose()
