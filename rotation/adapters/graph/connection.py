"""msgraph-sdk, wired to one Graph. Importing it takes 0.35 s, so `client` does that when something is first written."""

from typing import TYPE_CHECKING

import httpx
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]  # ships no type marker

from rotation.adapters.measured import calling

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

PATIENCE = httpx.Timeout(60, connect=10)


class MeasuredTransport(httpx.AsyncHTTPTransport):
    """The usual transport; every attempt that middleware makes is one call."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with calling(request.url.host, request.url.port, request.method) as answer:
            response = await super().handle_async_request(request)
            answer.status = response.status_code
        return response


class Connection:
    """One connection pool with the SDK's default middleware."""

    def __init__(self, credential: "AsyncTokenCredential", root: str, scope: str) -> None:
        # The SDK's own transport, which it puts around this one, does not close what it wraps: we do.
        self._transport = MeasuredTransport(http2=True)
        plain = httpx.AsyncClient(timeout=PATIENCE, transport=self._transport, base_url=f"{root}/v1.0")
        self._http = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
        signed_in = AzureIdentityAuthenticationProvider(credential, scopes=[scope])
        adapter = GraphRequestAdapter(signed_in, self._http)
        adapter.base_url = f"{root}/v1.0"
        self.sdk = GraphServiceClient(request_adapter=adapter)

    async def close(self) -> None:
        """Close the pool."""
        await self._http.aclose()
        await self._transport.aclose()
