"""
Translate Graph's errors into what to do next (platform.md A3, A4, A6).

By status and code; by text only where Graph gives no code of its own. No translation is raised while the SDK's error
is being handled: that one may hold a body with a secret's text.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What Graph answered instead of what was asked for."""

    status: int
    code: str = ""
    text: str = ""
    """Graph's message; never shown, only looked into where there is no code."""
    retry_after: timedelta | None = None
    """The service's own delay, where it told one in seconds."""


class Refused(Exception):  # raised within this room only, and never told
    """Graph refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class Lost(Exception):
    """A write that went by msgraph-sdk has no answer; `sent` is False where it surely did not leave."""

    def __init__(self, kind: str, *, sent: bool = True) -> None:
        super().__init__(kind)
        self.kind, self.sent = kind, sent


type Failure = Refused | Lost | AzureError | TimeoutError
type Translate = Callable[[Failure], RotationError]

FORBIDDEN_BY_POLICY = {
    "CredentialTypeNotAllowedAsPerAppPolicy": "the tenant's policy forbids new secrets",
    "CredentialInvalidLifetimeAsPerAppPolicy": "the tenant's policy wants a shorter lifetime",
}
FULL = frozenset({"Directory_ResourceSizeExceeded"})
FULL_TEXTS = ("maximum of 2 encrypted credentials",)
CONFLICT_CODES = frozenset({"Directory_ConcurrencyViolation"})
CONFLICT_TEXTS = ("concurrent", "concurrency", "conflicting object")
BROKEN = 500


async def answer[T](call: Awaitable[T], translate: Translate) -> T:
    """Await *call*; what Graph, the transport or our credential raises comes out translated."""
    try:
        return await call
    except (Refused, Lost, AzureError, TimeoutError) as error:
        failure = translate(error)
    raise failure


def reading(what: str, needs: str, **facts: Any) -> Translate:
    """Translate for a read; *needs* names the application permission that it takes."""

    def translate(error: Failure) -> RotationError:
        if isinstance(error, Refused):
            return _refused(error.refusal, what, needs, facts=facts)
        if isinstance(error, AzureError):
            return translated_azure(error, what, **facts)
        return Unavailable(f"{what}: no answer ({_kind(error)})", **facts)

    return translate


def writing(what: str, needs: str, **facts: Any) -> Translate:
    """Translate for a write that was sent once: where nobody can tell whether it happened, say so."""

    def translate(error: Failure) -> RotationError:
        if isinstance(error, AzureError):
            return translated_azure(error, what, **facts)
        if isinstance(error, Lost) and not error.sent:
            return Unavailable(f"{what}: not sent ({_kind(error)})", **facts)
        if not isinstance(error, Refused):
            return OutcomeUnknown(f"{what}: sent, and no answer ({_kind(error)})", **facts)
        if error.refusal.status >= BROKEN and not conflicts(error.refusal):
            return OutcomeUnknown(f"{what}: sent, and answered {error.refusal.status}", **facts)
        return _refused(error.refusal, what, needs, facts=facts)

    return translate


def conflicts(refusal: Refusal) -> bool:
    """Tell whether another write at the same object won; seen as 400, 409 and 500 (platform.md A3)."""
    text = refusal.text.casefold()
    return (
        refusal.status == HTTPStatus.CONFLICT
        or refusal.code in CONFLICT_CODES
        or any(part in text for part in CONFLICT_TEXTS)
    )


def refused_by_status(refusal: Refusal, what: str, needs: str, **facts: Any) -> RotationError:
    """Translate a refusal that came as a part of an answer, as in a batch."""
    return _refused(refusal, what, needs, facts=facts)


def _kind(error: Lost | TimeoutError) -> str:
    return error.kind if isinstance(error, Lost) else type(error).__name__


def _refused(refusal: Refusal, what: str, needs: str, *, facts: dict[str, Any]) -> RotationError:
    status, code = refusal.status, refusal.code
    where = f"{status} {code}".strip()
    if code in FORBIDDEN_BY_POLICY:
        return PolicyForbids(f"{what}: {FORBIDDEN_BY_POLICY[code]}", code=code, **facts)
    if code in FULL or any(text in refusal.text for text in FULL_TEXTS):
        return CredentialLimit(f"{what}: the application holds no further credential", code=code, **facts)
    if conflicts(refusal):
        return Unavailable(f"{what}: another write at the same time ({where})", reason="conflict", **facts)
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(f"{what}: asked to wait", retry_after=refusal.retry_after, **facts)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return AccessDenied(f"{what}: refused ({where}); our identity needs {needs}", needs=needs, **facts)
        case HTTPStatus.NOT_FOUND:
            return ApplicationGone(f"{what}: there is no such application ({where})", **facts)
        case _ if 400 <= status < BROKEN and status != HTTPStatus.REQUEST_TIMEOUT:  # noqa: PLR2004  # 4xx: our mistake
            return BrokenInvariant(f"{what}: Graph does not understand us ({where})", **facts)
        case _:
            return Unavailable(f"{what}: {where}", retry_after=refusal.retry_after, **facts)
