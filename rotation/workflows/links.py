"""Addresses in messages: where the dashboard shows what a message tells of. Without a dashboard there are none."""

from dataclasses import dataclass

from rotation.domain.identifiers import DestinationName, ObjectId, RotationId
from rotation.workflows.reading import links as pages


@dataclass(frozen=True, slots=True)
class Links:
    """Pages below the dashboard's address."""

    base: str

    @property
    def overview(self) -> str:
        """Where one sees everything."""
        return self._at(pages.OVERVIEW)

    def application(self, object_id: ObjectId | str) -> str:
        """Give the page of an application."""
        return self._at(pages.application(object_id))

    def rotation(self, rotation_id: RotationId) -> str:
        """Give the page of a rotation."""
        return self._at(pages.rotation(rotation_id))

    def hand_off(self, rotation_id: RotationId, destination: DestinationName) -> str:
        """Give the page with the steps of a hand-off."""
        return self._at(pages.hand_off(rotation_id, destination))

    def snooze(self, token: str) -> str:
        """Give the page that asks whether to snooze."""
        return self._at(f"/snooze/{token}")

    def _at(self, path: str) -> str:
        return f"{self.base}{path}" if self.base else ""
