"""
One POST of a message, and what its answer means for people who should hear.

Messages are sent at least once, so a lost answer is Unavailable: hearing twice is better than not at all. Errors
never carry the address, which can be a secret (platform.md F), nor the exceptions of httpx, which keep it.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

import httpx

from rotation.domain.errors import AccessDenied, Misconfigured, RotationError, Throttled, Unavailable
from rotation.domain.retry_after import retry_after

type OpenClient = Callable[[], httpx.AsyncClient]
"""Opens a client that the caller closes."""

TIMEOUT = timedelta(seconds=20)


class _HideAddress(logging.Filter):
    """Cut addresses in httpx's request log down to the host: the path and query of a Workflows URL are a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, changed."""
        if isinstance(record.args, tuple):
            record.args = tuple(arg.host if isinstance(arg, httpx.URL) else arg for arg in record.args)
        return True


HIDE_ADDRESS = _HideAddress()


async def post(open_client: OpenClient, url: str, *, headers: Mapping[str, str], content: bytes, whom: str) -> None:
    """
    POST once; *whom* names the other side to people.

    Raises:
        Throttled, Unavailable: Later.
        AccessDenied: 401 or 403.
        Misconfigured: The address is none, nobody listens there, or what we say is not taken.
    """
    logging.getLogger("httpx").addFilter(HIDE_ADDRESS)
    failure: RotationError | None = None
    try:
        async with open_client() as client:
            answer = await client.post(
                url, headers=dict(headers), content=content, timeout=TIMEOUT.total_seconds(), follow_redirects=False
            )
        failure = _refusal(answer.status_code, answer.headers, whom)
    except httpx.InvalidURL:
        failure = Misconfigured([f"{whom}: the address is not a valid one"])
    except httpx.RequestError as error:
        failure = Unavailable(f"{whom} gave no answer ({type(error).__name__})")
    if failure is not None:
        raise failure


def _refusal(status: int, headers: Mapping[str, str], whom: str) -> RotationError | None:
    said = f"{whom} answers {status}"
    match status:
        case _ if httpx.codes.is_success(status):
            return None
        case 401 | 403:
            return AccessDenied(said, status=status)
        case 429:
            return Throttled(said, retry_after=retry_after(headers.get("retry-after")))
        case _ if httpx.codes.is_server_error(status) or status == httpx.codes.REQUEST_TIMEOUT:
            return Unavailable(said, retry_after=retry_after(headers.get("retry-after")))
        case _:
            return Misconfigured([said])
