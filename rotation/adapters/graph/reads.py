"""
Read from Graph as bytes, through azure-core's pipeline: no model, no SDK of Graph (platform.md K).

msgraph-sdk takes half a second to load and its transport three times the CPU for a page; writes alone go by it.
"""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from azure.core import AsyncPipelineClient
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest

from rotation.adapters.graph.errors import Refusal, Refused
from rotation.adapters.transport import MeasuredTransport
from rotation.domain.retry_after import retry_after

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

PATIENCE = 60
"""Seconds that an answer may be silent: a page of 999 is made while we wait."""
REPEATED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
LONGEST_WAIT = 180
"""Seconds. Who is asked to wait longer than this is told, and comes back by a wake."""


class Reads:
    """One connection pool; what is throttled or was cut is asked for again, a few times, as Graph says."""

    def __init__(self, credential: "AsyncTokenCredential", scope: str) -> None:
        policies = [
            UserAgentPolicy("rotation"),
            _Patience(retry_total=3, retry_backoff_factor=0.5),
            AsyncBearerTokenCredentialPolicy(credential, scope),
        ]
        self._client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncPipelineClient(
            "", policies=policies, transport=MeasuredTransport(read_seconds=PATIENCE)
        )

    async def send(self, method: Literal["GET", "POST", "DELETE"], url: str, *, body: bytes, priority: str) -> bytes:
        """
        Send to an absolute address and give the answer's bytes.

        Raises:
            Refused: Graph answered something else.
            AzureError: Our identity could not sign in, or nothing came back.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "x-ms-throttle-priority": priority}
        if body:
            headers["Content-Type"] = "application/json"
        answer = await self._client.send_request(HttpRequest(method, url, headers=headers, content=body or None))
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise Refused(_refusal(answer))
        return answer.content

    async def close(self) -> None:
        """Close the pool."""
        await self._client.close()


class _Patience(AsyncRetryPolicy[HttpRequest, AsyncHttpResponse]):
    """As msgraph-sdk: Graph's word within reason, and no repetition of what may be our own mistake."""

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        answered = response.http_response.status_code in REPEATED
        return bool(answered and settings["total"] and (self.get_retry_after(response) or 0) < LONGEST_WAIT)


def _refusal(answer: AsyncHttpResponse) -> Refusal:
    try:
        error = json.loads(answer.content)["error"]
        code, text = str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        code = text = ""
    return Refusal(
        status=answer.status_code, code=code, text=text, retry_after=retry_after(answer.headers.get("Retry-After"))
    )
