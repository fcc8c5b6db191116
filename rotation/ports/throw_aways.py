"""Throw-away applications and vault secrets, made and deleted by rehearsals and by nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rotation.domain.credential import Application
from rotation.domain.identifiers import ObjectId
from rotation.domain.rehearsal import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowAway:
    """An application that bears both marks of a rehearsal."""

    object_id: ObjectId
    stage: Stage


class ThrowAways(Protocol):
    """Raises everywhere: Throttled, Unavailable, AccessDenied."""

    async def make(self, stage: Stage) -> Application:
        """Register the application of a rehearsal, with its marks, and a service principal so that it can sign in."""
        ...

    async def find(self) -> Sequence[ThrowAway]:
        """Name every application that bears both marks; what was made just now may be missing (platform.md A3)."""
        ...

    async def delete(self, throw_away: ThrowAway) -> None:
        """
        Delete an application for good; one that is gone is fine.

        Raises:
            Refused: Read right before, it does not bear both marks of this rehearsal (`not-a-rehearsal`).
        """
        ...

    async def delete_secret(self, vault_url: str, name: str) -> None:
        """
        Delete a vault secret with all its versions; one that is gone is fine.

        Raises:
            Refused: Its name is no rehearsal's (`not-a-rehearsal`).
        """
        ...
