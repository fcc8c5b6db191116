"""Read and write the marks on a destination's versions: whose they are, and of which rotation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rotation.domain.delivery import Shipment
from rotation.domain.errors import Misread
from rotation.domain.identifiers import KeyId, LineName, RotationId
from rotation.ports.vault import VersionProperties

MANAGED_BY = "Rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What our tags say about one version."""

    rotation: RotationId
    line: LineName
    key_id: KeyId

    @classmethod
    def of(cls, shipment: Shipment) -> Self:
        """Give the mark that this shipment's version bears."""
        return cls(rotation=shipment.rotation, line=shipment.line, key_id=shipment.key_id)

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Self | None:
        """Read a version's tags; None where they are not ours, or not whole."""
        if tags.get("managed-by") != MANAGED_BY:
            return None
        try:
            rotation = RotationId.parse(tags.get("rotation", ""))
        except Misread:
            return None
        return cls(rotation=rotation, line=LineName(tags.get("line", "")), key_id=KeyId(tags.get("key-id", "")))

    def same_line(self, other: Self) -> bool:
        """Tell whether both are of one line of one application."""
        return self.rotation.application == other.rotation.application and self.line == other.line

    def is_newer_than(self, other: Self) -> bool:
        """Compare by the time at which the rotations were made, which their ulids sort by."""
        return self.rotation.ulid > other.rotation.ulid


def latest_of(versions: Sequence[VersionProperties], mine: Mark) -> VersionProperties | None:
    """
    Find the latest version; None where there is none.

    Key Vault tells creation to the second (platform.md C1). Of several within one, somebody else's is believed to
    be the latest, because covering it would be worse than writing once more; of this line's, the newest rotation's.
    """

    def weight(version: VersionProperties) -> tuple[bool, str, bool]:
        mark = Mark.read(version.tags)
        ours = mark is not None and mark.same_line(mine)
        return (not ours, mark.rotation.ulid if mark else "", version.enabled)

    last = max((version.created_at for version in versions), default=None)
    return max((version for version in versions if version.created_at == last), key=weight, default=None)


def tags(shipment: Shipment) -> dict[str, str]:
    """Give the tags of a version; at most 15 of 256 characters (platform.md C1)."""
    return {
        "managed-by": MANAGED_BY,
        "rotation": str(shipment.rotation),
        "line": shipment.line,
        "key-id": shipment.key_id,
        "client-id": shipment.client_id,
    }
