"""What a vault holds: secrets, their versions, and a journal of who did what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What a caller may say about a version; None is unsaid. Instants are unix seconds."""

    enabled: bool | None = None
    not_before: int | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The body of a set (with `text`) or of an update (without)."""

    text: str | None = field(default=None, repr=False)
    content_type: str | None = None
    tags: Mapping[str, str] | None = None
    attributes: Attributes = field(default_factory=Attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a secret, as it is now."""

    id: str
    text: str = field(repr=False)
    content_type: str | None
    tags: Mapping[str, str] | None
    enabled: bool
    not_before: int | None
    expires: int | None
    created: int
    updated: int
    written_by: str

    def truth(self) -> dict[str, Any]:
        """Describe without the text."""
        return {
            "version": self.id,
            "content_type": self.content_type,
            "tags": dict(self.tags or {}),
            "enabled": self.enabled,
            "not_before": self.not_before,
            "expires": self.expires,
            "created": self.created,
            "updated": self.updated,
            "written_by": self.written_by,
        }


@dataclass(slots=True, kw_only=True)
class Secret:
    """A name with its versions, oldest first. `settles_at`: a deletion or recovery shows only from then on."""

    name: str
    versions: dict[str, Version] = field(default_factory=dict)
    deleted_at: datetime | None = None
    settles_at: datetime | None = None

    @property
    def latest(self) -> Version:
        return next(reversed(self.versions.values()))

    @property
    def purged_at(self) -> datetime | None:
        return None if self.deleted_at is None else self.deleted_at + RETENTION

    def settling(self, now: datetime) -> bool:
        return self.settles_at is not None and now < self.settles_at

    def truth(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "deleted_at": None if self.deleted_at is None else self.deleted_at.isoformat(),
            "versions": [version.truth() for version in self.versions.values()],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One request: who asked for what, when, and what came of it ("ok" or the refusal's code)."""

    at: datetime
    operation: str
    secret: str
    version: str
    app_id: str
    object_id: str
    outcome: str
