"""The two writes: add a secret, remove a secret. Each is sent exactly once (platform.md A3)."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, timedelta
from typing import Any, cast
from uuid import UUID

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_http.middleware.options import HeadersInspectionHandlerOption, RetryHandlerOption
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.password_credential import PasswordCredential

from rotation.adapters.graph.client import GraphClient
from rotation.adapters.graph.errors import Failure, Lost, Refusal, Refused, answer, writing
from rotation.domain.credential import Credential
from rotation.domain.errors import OutcomeUnknown, RotationError
from rotation.domain.identifiers import KeyId, ObjectId
from rotation.domain.retry_after import retry_after
from rotation.domain.secret import SecretText
from rotation.ports.directory import MintedCredential, MintRequest

WRITE = "Application.ReadWrite.OwnedBy (as an owner) or Application.ReadWrite.All"
WITHIN = timedelta(seconds=45)
"""A write's own time-out; a lease must outlast it by 30 s (protocol.md, Leases)."""
SHARE = "x-ms-throttle-limit-percentage"
"""A share, in spite of its name: 0.8 to 1.8 (platform.md A6)."""
UNKNOWN_KEY = "No password credential found"
"""Graph has no code of its own for it; a 400 with this text is also "not replicated yet" (platform.md A3)."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


async def mint(client: GraphClient, request: MintRequest) -> MintedCredential:
    """Add a secret. Its text is in the answer and nowhere else."""
    translate = writing("mint", WRITE, application=request.application)
    options = _once()
    added = await answer(_sent(_add(client, request, options)), translate)
    if added is None or not added.secret_text or added.key_id is None or added.end_date_time is None:
        raise OutcomeUnknown("mint: answered without a secret", application=request.application)
    credential = Credential(
        key_id=KeyId(str(added.key_id)),
        end_at=added.end_date_time.astimezone(UTC),
        start_at=added.start_date_time.astimezone(UTC) if added.start_date_time else None,
        display_name=added.display_name,
        hint=added.hint,
    )
    return MintedCredential(credential=credential, text=SecretText(added.secret_text), share=_share(options))


async def remove(client: GraphClient, application: ObjectId, key_id: KeyId) -> float | None:
    """Ask for a removal. "No such credential" is an answer like any other: reads decide."""
    usual, options = writing("remove", WRITE, application=application, key_id=key_id), _once()

    def translate(error: Failure) -> RotationError:
        unknown = isinstance(error, Refused) and UNKNOWN_KEY in error.refusal.text
        return _NoSuchKey("no such key") if unknown else usual(error)

    try:
        await answer(_sent(_remove(client, application, UUID(key_id), options=options)), translate)
    except _NoSuchKey:
        return None
    return _share(options)


class _NoSuchKey(RotationError):
    """Graph does not list it: gone, or not replicated yet."""


async def _add(
    client: GraphClient, request: MintRequest, options: RequestConfiguration[Any]
) -> PasswordCredential | None:
    asked = PasswordCredential(
        display_name=request.display_name,
        start_date_time=request.start_at.astimezone(UTC),
        end_date_time=request.end_at.astimezone(UTC),
    )
    builder = client.sdk.applications.by_application_id(request.application).add_password
    return await builder.post(AddPasswordPostRequestBody(password_credential=asked), options)


async def _remove(
    client: GraphClient, application: ObjectId, key_id: UUID, *, options: RequestConfiguration[Any]
) -> None:
    builder = client.sdk.applications.by_application_id(application).remove_password
    await builder.post(RemovePasswordPostRequestBody(key_id=key_id), options)


def _once() -> RequestConfiguration[Any]:
    """Switch the SDK's own repetition off: it repeats POST on 429, 503 and 504, and a 504 may follow the commit."""
    configuration: RequestConfiguration[Any] = RequestConfiguration(
        options=[
            RetryHandlerOption(max_retries=0, should_retry=False),
            HeadersInspectionHandlerOption(inspect_request_headers=False, inspect_response_headers=True),
        ]
    )
    configuration.headers.add("x-ms-throttle-priority", "high")
    return configuration


def _share(options: RequestConfiguration[Any]) -> float | None:
    """Read how much of the quota is used, which Graph tells from 0.8 on."""
    told = next(
        option.response_headers.get(SHARE)
        for option in options.options or ()
        if isinstance(option, HeadersInspectionHandlerOption)
    )
    try:
        return float(next(iter(told))) if told else None
    except ValueError:
        return None


async def _sent[T](call: Awaitable[T]) -> T:
    """Await a write; raises Refused, Lost, and what our credential raises."""
    failure: Refused | Lost
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            return await call
    except APIError as error:
        failure = Refused(_refusal(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = Lost(type(error).__name__, sent=not isinstance(error, NOT_SENT))
    raise failure


def _refusal(error: APIError) -> Refusal:
    told = getattr(error, "error", None)
    headers = cast("Mapping[str, str]", error.response_headers or {})
    return Refusal(
        status=error.response_status_code or 0,
        code=str(getattr(told, "code", None) or ""),
        text=str(getattr(told, "message", None) or ""),
        retry_after=retry_after(headers.get("Retry-After")),
    )
