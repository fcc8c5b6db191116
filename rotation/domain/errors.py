"""
Name errors by what to do next (architecture.md, Errors).

Adapters translate a service's refusal into one of these; `triggers/boundary.py` and `web/problems.py` decide
what follows. `facts` hold ids and counts only, never secret text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta


class RotationError(Exception):
    """The root: a message for people, a slug for machines, and the ids that it is about."""

    reason = "error"

    def __init__(self, message: str, *, reason: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason
        self.facts: Mapping[str, object] = facts


class Retryable(RotationError):
    """It was not done and may work later."""

    reason = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        reason: str | None = None,
        **facts: object,
    ) -> None:
        super().__init__(message, reason=reason, **facts)
        self.retry_after = retry_after


class Throttled(Retryable):
    """The service asks us to wait; `retry_after` is its own word where it gave one."""

    reason = "throttled"


class Unavailable(Retryable):
    """The service does not answer, or says that it cannot now."""


class NotYetVisible(Retryable):
    """Written, but not yet seen by who we asked (reads lag writes, platform.md A3)."""

    reason = "not-yet-visible"


class LeaseHeld(Retryable):
    """Somebody else works on it until `until`."""

    reason = "lease-held"

    def __init__(self, message: str, *, until: datetime, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts
        self.until = until


class NewerVersion(Retryable):
    """A newer version of this program wrote it: what we cannot wholly read we neither change nor throw away."""

    reason = "newer-version"


class OutcomeUnknown(RotationError):
    """Sent, and no answer: look before acting again; never repeat blindly."""

    reason = "outcome-unknown"


class Superseded(RotationError):
    """Somebody else moved on: stop quietly."""

    reason = "superseded"


class StaleRecord(Superseded):
    """A conditional write met another etag, or a row that should not have been there."""

    reason = "stale-record"


class NeedsPerson(RotationError):
    """Trying again will not help."""

    reason = "needs-person"


class AccessDenied(NeedsPerson):
    """Our identity lacks a right; the message names it."""

    reason = "access-denied"


class ApplicationGone(NeedsPerson):
    """The directory says that there is no such application."""

    reason = "application-gone"


class DestinationGone(NeedsPerson):
    """What we should deliver to is not there."""

    reason = "destination-gone"


class DestinationRefused(NeedsPerson):
    """The destination answered and will not take what we send."""

    reason = "destination-refused"


class SecretRefused(NeedsPerson):
    """The sign-in service does not accept a new secret."""

    reason = "secret-refused"


class CredentialLimit(NeedsPerson):
    """The application can hold no further credential (platform.md A3)."""

    reason = "credential-limit"


class PolicyForbids(NeedsPerson):
    """An app-management policy of the tenant forbids it (platform.md A4)."""

    reason = "policy-forbids"


class VaultRefused(NeedsPerson):
    """The vault answered and said no: firewall, policy, right, or a name in deletion."""

    reason = "vault-refused"


class VaultNameTaken(NeedsPerson):
    """The name in the vault is somebody else's; nothing is overwritten."""

    reason = "vault-name-taken"


class Contested(NeedsPerson):
    """Somebody else is at work on the same credential."""

    reason = "contested"


class BrokenInvariant(NeedsPerson):
    """What we see cannot be, so we stop before we do harm."""

    reason = "broken-invariant"


class NotFound(RotationError):
    """Asked for something that we do not have."""

    reason = "not-found"


class Refused(RotationError):
    """Asked for something that may not be done now; `remedy` says what would help."""

    reason = "refused"

    def __init__(self, message: str, *, reason: str, remedy: str = "", **facts: object) -> None:
        super().__init__(message, reason=reason, **facts)
        self.remedy = remedy


class Misread(RotationError, ValueError):
    """A text is not of the form that it should have."""

    reason = "misread"

    def __init__(self, what: str, text: str, wanted: str) -> None:
        super().__init__(f"not a {what}: {text[:80]!r}; expected {wanted}")


class Misconfigured(RotationError):
    """The set-up is wrong; every problem is told at once."""

    reason = "misconfigured"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
