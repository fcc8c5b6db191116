"""
Send one request to a guarded address, and say what its answer means.

Errors are raised after the failed call's own exception is gone: httpx keeps the request, body and all, on its
exceptions, and the body may hold the secret text.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import Literal
from urllib.parse import urlsplit

import httpx

from rotation.domain.errors import (
    AccessDenied,
    DestinationGone,
    DestinationRefused,
    OutcomeUnknown,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.domain.retry_after import retry_after
from rotation.integrations.outbound.guard import Address, resolve
from rotation.integrations.services import OpenClient

LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; its body is not shown."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout: float = 30.0
    """Seconds for connecting, sending and the whole answer."""
    private_network: bool = False
    """Let the host have a private or loopback address."""
    reads: bool = False
    """It changes nothing although it is no GET, so a lost answer is no doubt."""
    answers: frozenset[int] = frozenset()
    """Statuses outside 2xx that the caller judges itself; their answers are given back instead of raised."""
    denied: str = "may this connection do that?"
    gone: str = "is it there?"
    largest: int = LARGEST_ANSWER
    """Bytes of the answer that are read; the rest is cut off."""

    @property
    def host(self) -> str:
        """The host that the certificate must be for."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back with a 2xx status, or one that the caller asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


async def send(call: Call, open_client: OpenClient, *, now: datetime) -> Answer:
    """
    Send *call* once.

    Raises:
        OutcomeUnknown: A change was sent, and no whole answer came.
        Unavailable: Nothing was sent, or the service cannot now.
        Throttled, AccessDenied, DestinationGone, DestinationRefused: By its status.
    """
    port = urlsplit(call.url).port or 443
    addresses = await resolve(call.host, port, private_network=call.private_network)
    outcome = await _first_that_connects(call, open_client, addresses)
    if isinstance(outcome, RotationError):
        raise outcome
    refusal = None if outcome.status in call.answers else _refusal(outcome, call, now)
    if refusal is not None:
        raise refusal
    return outcome


async def _first_that_connects(
    call: Call, open_client: OpenClient, addresses: tuple[Address, ...]
) -> Answer | RotationError:
    """Try one address after the other for as long as nothing was sent."""
    why = "it has no address"
    async with open_client() as client:
        for address in addresses:
            try:
                async with asyncio.timeout(call.timeout):
                    return await _exchange(client, call, address)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                why = str(error) or type(error).__name__
            except (httpx.RequestError, TimeoutError) as error:
                return _cut(call, type(error).__name__)
    return Unavailable(f"{call.host} cannot be connected to: {why}", host=call.host)


async def _exchange(client: httpx.AsyncClient, call: Call, address: Address) -> Answer:
    """Connect to *address* itself, while name and certificate stay the host's."""
    literal = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    request = client.build_request(
        call.method,
        httpx.URL(call.url).copy_with(host=literal),
        headers={"host": urlsplit(call.url).netloc, **call.headers},
        content=call.body,
        timeout=call.timeout,
        extensions={"sni_hostname": call.host},
    )
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        return Answer(
            status=response.status_code, headers=response.headers, body=await _limited(response, call.largest)
        )
    finally:
        await response.aclose()


async def _limited(response: httpx.Response, largest: int) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > largest:
            return body[:largest]
    return body


def _cut(call: Call, how: str) -> RotationError:
    if call.method != "GET" and not call.reads:
        return OutcomeUnknown(f"{call.host} was told and gave no answer ({how})", host=call.host)
    return Unavailable(f"{call.host} gave no answer ({how})", host=call.host)


def _refusal(answer: Answer, call: Call, now: datetime) -> RotationError | None:
    status, host = answer.status, call.host
    said = f"{host} answers {status}"
    match status:
        case _ if HTTPStatus(200) <= status < 300:  # noqa: PLR2004  # the range of success
            return None
        case 401 | 403:
            return AccessDenied(f"{said}: {call.denied}", host=host, status=status)
        case 404 | 410:
            return DestinationGone(f"{said}: {call.gone}", host=host, status=status)
        case 429:
            return Throttled(said, retry_after=retry_after(answer.headers.get("retry-after"), now=now), host=host)
        case 408 | 425:
            return Unavailable(said, retry_after=retry_after(answer.headers.get("retry-after"), now=now), host=host)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(said, retry_after=retry_after(answer.headers.get("retry-after"), now=now), host=host)
        case _ if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return DestinationRefused(f"{said}, a redirect: configure the final address", host=host, status=status)
        case _:
            return DestinationRefused(said, host=host, status=status)
