"""Applications and credentials as the directory reports them, and our own mark in a display name."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from rotation.domain.identifiers import ClientId, KeyId, ObjectId

DESCRIPTION_LIMIT = 50
"""Characters of a description (protocol.md, Phases); the marker comes on top."""

NEVER = datetime(2200, 1, 1, tzinfo=UTC)
"""What ends after this never ends: the old portal's "never" was 2299-12-31."""

PERSONAL_AUDIENCES = frozenset({"AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"})
PERSONAL_CREDENTIAL_LIMIT = 2
"""Client secrets that an application with a personal-account audience may hold (platform.md A3)."""

_MARKER = re.compile(r"\(rotation:(?P<ulid>[0-9A-HJKMNP-TV-Z]{26})\.(?P<attempt>\d{1,4})\)\s*$")


@dataclass(frozen=True, slots=True)
class Marker:
    """Our mark at the end of a credential's display name: `(rotation:<ulid>.<attempt>)`."""

    ulid: str
    attempt: int

    def label(self, description: str) -> str:
        """Give the display name for a credential that we mint."""
        return f"{description} (rotation:{self.ulid}.{self.attempt})"

    @classmethod
    def read(cls, display_name: str | None) -> Self | None:
        """Find our mark, or None for a credential that is not one of ours."""
        if not display_name or "(rotation:" not in display_name:
            return None
        found = _MARKER.search(display_name)
        return cls(found["ulid"], int(found["attempt"])) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One password or certificate entry of an application."""

    key_id: KeyId
    end_at: datetime
    start_at: datetime | None = None
    display_name: str | None = None
    hint: str | None = None
    """First three characters of the text (platform.md A2): a small leak, so shown to people and never logged."""

    @property
    def marker(self) -> Marker | None:
        """Our mark, where it bears one."""
        return Marker.read(self.display_name)

    @property
    def never_ends(self) -> bool:
        """Tell whether it was made without an end."""
        return self.end_at >= NEVER

    def ended(self, now: datetime) -> bool:
        """Tell whether it has lapsed."""
        return self.end_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One Entra app registration, as much of it as decisions need."""

    object_id: ObjectId
    client_id: ClientId
    display_name: str
    secrets: tuple[Credential, ...] = ()
    audience: str = "AzureADMyOrg"
    disabled: bool = False
    tags: tuple[str, ...] = ()
    created_by: ClientId | None = None
    signs_in_people: bool = False
    """It has redirect URIs or exposes scopes, so service-principal sign-in logs do not see all of its use."""

    def holds(self, key_id: KeyId) -> bool:
        """Tell whether the directory lists a secret of that id."""
        return any(secret.key_id == key_id for secret in self.secrets)

    def secret(self, key_id: KeyId) -> Credential | None:
        """Find a secret by its id."""
        return next((secret for secret in self.secrets if secret.key_id == key_id), None)

    @property
    def personal(self) -> bool:
        """Tell whether people sign in to it with personal accounts, which narrows much (platform.md A3)."""
        return self.audience in PERSONAL_AUDIENCES

    @property
    def credential_limit(self) -> int | None:
        """How many secrets it may hold, where there is a known limit (platform.md A3)."""
        return PERSONAL_CREDENTIAL_LIMIT if self.personal else None
