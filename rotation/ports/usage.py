"""Who uses which credential (protocol.md, Usage sources)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId, KeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The last use of one key id that a source knows."""

    client_id: ClientId
    key_id: KeyId
    last_used_at: datetime
    origin: str = ""
    """Address or resource, where the source tells it."""


class UsageSource(Protocol):
    """One source of sign-in evidence."""

    @property
    def name(self) -> str:
        """Its name, as readings are kept under it."""
        ...

    def sees(self, application: Application) -> bool:
        """Tell whether its silence means anything for this application."""
        ...

    def sightings(self) -> AsyncIterator[Sighting]:
        """
        Read every credential's last use in the tenant.

        Raises:
            Retryable, AccessDenied: It cannot be read; silence then decides nothing.
        """
        ...
