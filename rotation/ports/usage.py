"""Who uses which credential (protocol.md, Usage sources)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rotation.domain.credential import Application
from rotation.domain.identifiers import ClientId
from rotation.domain.use import Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to look for: all there is, unless it says less."""

    client_id: ClientId | None = None
    """Sign-ins of this application only."""
    since: datetime | None = None
    """Older ones are known already: a source that keeps all of them may leave them out."""


class UsageSource(Protocol):
    """One source of sign-in evidence."""

    @property
    def name(self) -> str:
        """Its name, as readings are kept under it."""
        ...

    def sees(self, application: Application) -> bool:
        """Tell whether its silence means anything for this application."""
        ...

    def sightings(self, look: Look) -> AsyncIterator[Sighting]:
        """
        Read sign-ins with credentials: at least the last with each key id, our own among them.

        Raises:
            Retryable, AccessDenied: It cannot be read, or not all of it; silence then decides nothing.
        """
        ...
