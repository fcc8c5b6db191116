"""What can be done at a destination, and what is known of it before anything is delivered."""

from dataclasses import dataclass
from enum import StrEnum


class ReadBack(StrEnum):
    """What can be read again at a destination."""

    VALUE = "value"
    VERSION = "version"
    """A mark of ours beside the value: a version id, a tag, an annotation."""
    TIMESTAMP = "timestamp"
    NONE = "none"


class Activation(StrEnum):
    """What it takes until a destination uses what it was given."""

    NONE = "none"
    IMPLICIT = "implicit"
    """Writing makes it restart or reload."""
    EXPLICIT = "explicit"
    """`activate` restarts, reloads or refreshes it."""


class Concurrency(StrEnum):
    """What keeps two writers apart."""

    ETAG = "etag"
    """The service refuses a write over a change that we have not read (an etag, a version, check-and-set)."""
    LEASE = "lease"
    """Only our own lease on the resource (`Destination.resource`)."""
    NONE = "none"
    """Each write stands alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A destination in words, made from its settings alone."""

    where: str
    """The place, as its own product calls it."""
    permissions: tuple[str, ...] = ()
    """What our identity or its connection needs there, each as the product names it."""
    secretless: str = ""
    """How this consumer could do without a secret, with the change to make; empty: no way is known."""
    traps: tuple[str, ...] = ()
    """What people should know before they rely on it."""


class Readiness(StrEnum):
    """What a read-only look says about a destination's settings."""

    READY = "ready"
    UNKNOWN = "unknown"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The answer of `check`; `why` says what is not known, or what is wrong and what to do."""

    readiness: Readiness
    why: str = ""
    warnings: tuple[str, ...] = ()
