"""
Translate Graph's errors into what to do next (platform.md A3, A4, A6).

By status and code; by text only where Graph gives no code of its own. No translation is raised while the SDK's error
is being handled: that one may hold a body with a secret's text.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx
from azure.core.exceptions import AzureError
from kiota_abstractions.api_error import APIError

from rotation.adapters.azure_errors import translated as translated_azure
from rotation.domain.errors import (
    AccessDenied,
    ApplicationGone,
    BrokenInvariant,
    CredentialLimit,
    OutcomeUnknown,
    PolicyForbids,
    RotationError,
    Throttled,
    Unavailable,
)
from rotation.domain.retry_after import retry_after as asked_to_wait

if TYPE_CHECKING:
    from kiota_abstractions.headers_collection import HeadersCollection

type Failure = APIError | httpx.HTTPError | httpx.InvalidURL | AzureError | TimeoutError
type Translate = Callable[[Failure], RotationError]

FORBIDDEN_BY_POLICY = {
    "CredentialTypeNotAllowedAsPerAppPolicy": "the tenant's policy forbids new secrets",
    "CredentialInvalidLifetimeAsPerAppPolicy": "the tenant's policy wants a shorter lifetime",
}
FULL = frozenset({"Directory_ResourceSizeExceeded"})
FULL_TEXTS = ("maximum of 2 encrypted credentials",)
CONFLICT_CODES = frozenset({"Directory_ConcurrencyViolation"})
CONFLICT_TEXTS = ("concurrent", "concurrency", "conflicting object")
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
BROKEN = 500


async def answer[T](call: Awaitable[T], translate: Translate) -> T:
    """Await *call*; what the SDK, its transport or our credential raises comes out translated."""
    try:
        return await call
    except (APIError, httpx.HTTPError, httpx.InvalidURL, AzureError, TimeoutError) as error:
        failure = translate(error)
    raise failure


def reading(what: str, needs: str, **facts: Any) -> Translate:
    """Translate for a read; *needs* names the application permission that it takes."""

    def translate(error: Failure) -> RotationError:
        if isinstance(error, APIError):
            return _refusal(error, what, needs, facts=facts)
        if isinstance(error, AzureError):
            return translated_azure(error, what, **facts)
        return Unavailable(f"{what}: no answer ({type(error).__name__})", **facts)

    return translate


def writing(what: str, needs: str, **facts: Any) -> Translate:
    """Translate for a write that was sent once: where nobody can tell whether it happened, say so."""

    def translate(error: Failure) -> RotationError:
        if isinstance(error, AzureError):
            return translated_azure(error, what, **facts)
        if isinstance(error, NOT_SENT):
            return Unavailable(f"{what}: not sent ({type(error).__name__})", **facts)
        if not isinstance(error, APIError):
            return OutcomeUnknown(f"{what}: sent, and no answer ({type(error).__name__})", **facts)
        if (error.response_status_code or 0) >= BROKEN and not conflicts(error):
            return OutcomeUnknown(f"{what}: sent, and answered {error.response_status_code}", **facts)
        return _refusal(error, what, needs, facts=facts)

    return translate


def code_of(error: APIError) -> str:
    """Give Graph's code (`error.code`), or empty."""
    return str(getattr(getattr(error, "error", None), "code", None) or "")


def text_of(error: APIError) -> str:
    """Give Graph's message; never shown, only looked into where there is no code."""
    return str(getattr(getattr(error, "error", None), "message", None) or "")


def conflicts(error: APIError) -> bool:
    """Tell whether another write at the same object won; seen as 400, 409 and 500 (platform.md A3)."""
    text = text_of(error).casefold()
    return (
        error.response_status_code == httpx.codes.CONFLICT
        or code_of(error) in CONFLICT_CODES
        or any(part in text for part in CONFLICT_TEXTS)
    )


def retry_after(headers: "HeadersCollection | Mapping[str, str] | None") -> timedelta | None:
    """Give the service's own delay, where it told one in seconds."""
    return asked_to_wait(cast("Mapping[str, str]", headers).get("Retry-After", "")) if headers else None


def refused_by_status(status: int, what: str, needs: str, **facts: Any) -> RotationError:
    """Translate a refusal of which only the status is known, as in a part of a batch."""
    return _refusal(APIError("", status, {}), what, needs, facts=facts)


def _refusal(error: APIError, what: str, needs: str, *, facts: dict[str, Any]) -> RotationError:
    status, code = error.response_status_code or 0, code_of(error)
    where = f"{status} {code}".strip()
    if code in FORBIDDEN_BY_POLICY:
        return PolicyForbids(f"{what}: {FORBIDDEN_BY_POLICY[code]}", code=code, **facts)
    if code in FULL or any(text in text_of(error) for text in FULL_TEXTS):
        return CredentialLimit(f"{what}: the application holds no further credential", code=code, **facts)
    if conflicts(error):
        return Unavailable(f"{what}: another write at the same time ({where})", reason="conflict", **facts)
    delay = retry_after(error.response_headers)
    match status:
        case httpx.codes.TOO_MANY_REQUESTS:
            return Throttled(f"{what}: asked to wait", retry_after=delay, **facts)
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN:
            return AccessDenied(f"{what}: refused ({where}); our identity needs {needs}", needs=needs, **facts)
        case httpx.codes.NOT_FOUND:
            return ApplicationGone(f"{what}: there is no such application ({where})", **facts)
        case _ if 400 <= status < BROKEN and status != httpx.codes.REQUEST_TIMEOUT:  # noqa: PLR2004  # 4xx: our mistake
            return BrokenInvariant(f"{what}: Graph does not understand us ({where})", **facts)
        case _:
            return Unavailable(f"{what}: {where}", retry_after=delay, **facts)
