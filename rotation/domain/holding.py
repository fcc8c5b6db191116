"""What one destination of one line holds over all rotations, and what people and nights have said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rotation.domain.delivery import Level
from rotation.domain.identifiers import DestinationName, KeyId, LineName, SecretVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An operator's word that a destination goes back to an older version; it holds until another is published."""

    version: SecretVersion
    over: KeyId
    """What was current when it was said."""
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one destination of one line holds, over all rotations."""

    line: LineName
    destination: DestinationName
    key_id: KeyId | None = None
    version: SecretVersion | None = None
    end_at: datetime | None = None
    typed_end: str = ""
    verified_at: datetime | None = None
    level: Level | None = None
    remembered: Mapping[str, str] = field(default_factory=dict)
    """What persons wrote down at hand-offs to it, for the next one."""
    healed_version: SecretVersion | None = None
    """What was delivered again because something else was found there: that is done once a version."""
    unseen_since: datetime | None = None
    """When it could first not be looked at again, if it still cannot."""
    unseen_told_at: datetime | None = None
    pinned: Pin | None = None
