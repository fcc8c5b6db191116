"""Translate azure-core's errors, by type and status, into what to do next."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
)

from rotation.domain.errors import AccessDenied, BrokenInvariant, RotationError, Throttled, Unavailable
from rotation.domain.retry_after import retry_after as asked_to_wait

type Translate = Callable[[AzureError], RotationError]

UNAUTHORISED, FORBIDDEN, NOT_FOUND, TIMED_OUT, CONFLICT, CHANGED, TOO_MANY, BROKEN = (
    401, 403, 404, 408, 409, 412, 429, 500,
)  # fmt: skip


async def answer[T](call: Awaitable[T], translate: Translate) -> T:
    """
    Await *call*; what azure-core raises comes out translated.

    The translation is raised after the handler has ended: an exception's `__context__` keeps the SDK's error
    alive, and that one keeps the request with its body.
    """
    try:
        return await call
    except AzureError as error:
        failure = translate(error)
    raise failure


async def each[T](items: AsyncIterable[T], translate: Translate) -> AsyncIterator[T]:
    """Iterate as `answer` awaits."""
    iterator = aiter(items)
    while True:
        try:
            item = await answer(anext(iterator), translate)
        except StopAsyncIteration:
            return
        yield item


def translator(what: str, **facts: Any) -> Translate:
    """Make the usual translation for one act; *what* names it to people, *facts* are ids only."""

    def translate(error: AzureError) -> RotationError:
        return translated(error, what, **facts)

    return translate


def translated(error: AzureError, what: str, **facts: Any) -> RotationError:
    """Say what to do next after *error*; anything that the service calls our mistake is a broken invariant."""
    if isinstance(error, HttpResponseError) and error.status_code:
        return _by_status(error, error.status_code, what, facts=facts)
    if isinstance(error, ClientAuthenticationError):
        return AccessDenied(f"{what}: our own identity cannot sign in", **facts)
    return Unavailable(f"{what}: no answer ({type(error).__name__})", **facts)


def error_code(error: AzureError) -> str:
    """Give the service's code for *error*, the inner one where there is one; empty where it told none."""
    odata = getattr(error, "error", None)
    inner = getattr(odata, "innererror", None) or {}
    code = inner.get("code") or getattr(error, "error_code", None) or getattr(odata, "code", None) or ""
    return str(getattr(code, "value", code))


def retry_after(error: AzureError) -> timedelta | None:
    """Give the delay that the service asks for, where it does."""
    response = getattr(error, "response", None)
    return asked_to_wait(response.headers.get("Retry-After")) if response is not None else None


def _by_status(error: HttpResponseError, status: int, what: str, *, facts: dict[str, Any]) -> RotationError:
    code = error_code(error) or type(error).__name__
    if status == TOO_MANY:
        return Throttled(f"{what}: asked to wait", retry_after=retry_after(error), **facts)
    if status == TIMED_OUT or status >= BROKEN:
        return Unavailable(f"{what}: {status} {code}", retry_after=retry_after(error), **facts)
    if status in {UNAUTHORISED, FORBIDDEN} or isinstance(error, ClientAuthenticationError):
        return AccessDenied(f"{what}: refused ({status} {code})", **facts)
    if isinstance(error, ResourceExistsError) or status == CONFLICT:
        return Unavailable(f"{what}: conflict ({status} {code})", reason="conflict", **facts)
    return BrokenInvariant(f"{what}: the service does not understand us ({status} {code})", **facts)
