"""What the doors refuse before any handler is asked."""

from collections.abc import Sequence

from rotation.domain.errors import RotationError
from rotation.web.principal import Role


class SignInNeeded(RotationError):
    """Nobody is known to ask. The answer says no more than that."""

    reason = "sign-in-needed"

    def __init__(self) -> None:
        super().__init__("sign in first")


class NotAllowed(RotationError):
    """Whoever asks may not do this."""

    reason = "not-allowed"

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class NoSuchMethod(RotationError):
    """There is something at this address, which takes other methods."""

    reason = "no-such-method"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"this address takes {', '.join(allowed)}", allowed=list(allowed))
        self.allowed = tuple(allowed)


class ForeignForm(RotationError):
    """It was sent by another site, or by a form that was not given to this person."""

    reason = "foreign-form"

    def __init__(self) -> None:
        super().__init__("this was not sent from our own page, or the page stood open for too long")


def lacks(role: Role) -> NotAllowed:
    """Refuse whoever lacks a role."""
    return NotAllowed(
        f"this takes the role {role.claim}", f"ask an administrator of the tenant for the app role {role.claim}"
    )


def takes_person() -> NotAllowed:
    """Refuse a key or an application what only a person may say."""
    return NotAllowed("only a person who signed in may do this", "sign in and do it on the page, or at a terminal")


def without_role() -> NotAllowed:
    """Refuse who is known, and was given no role of ours."""
    return NotAllowed(
        "you are signed in and have no role here", f"ask an administrator of the tenant for {Role.READER.claim}"
    )
