"""Our mark beside a value: whose it is and of which rotation, so that order is kept and a repeat writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rotation.domain.delivery import Found, Shipment, Verdict
from rotation.domain.errors import DestinationRefused, Misread
from rotation.domain.identifiers import KeyId, LineName, RotationId

MANAGED_BY = "Rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What stands beside one value, as tags, annotations or metadata: texts under five names."""

    rotation: RotationId
    line: LineName
    key_id: KeyId

    @classmethod
    def of(cls, shipment: Shipment) -> Self:
        """Give the mark that this shipment's value bears."""
        return cls(rotation=shipment.rotation, line=shipment.line, key_id=shipment.key_id)

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Self | None:
        """Read it; None where the tags are not ours, or not whole."""
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


def tags(shipment: Shipment) -> dict[str, str]:
    """Give the mark as texts; at most 15 of 256 characters (platform.md C1)."""
    return {
        "managed-by": MANAGED_BY,
        "rotation": str(shipment.rotation),
        "line": shipment.line,
        "key-id": shipment.key_id,
        "client-id": shipment.client_id,
    }


def refuse_covering(theirs: Mark | None, shipment: Shipment, *, where: str, adopt: bool) -> None:
    """
    Let a value cover only an older one of its line, or a foreign one that may be adopted.

    Raises:
        DestinationRefused: `destination-name-taken` or `newer-is-there`.
    """
    mine = Mark.of(shipment)
    if theirs is None:
        if not adopt:
            raise DestinationRefused(
                f"{where} holds a value that we did not write; set `adopt: true` to let it be replaced",
                reason="destination-name-taken",
            )
    elif not theirs.same_line(mine):
        raise DestinationRefused(
            f"{where} belongs to line {theirs.line!r} of application {theirs.rotation.application}",
            reason="destination-name-taken",
        )
    elif theirs.is_newer_than(mine) and not shipment.going_back:
        raise DestinationRefused(
            f"{where} holds a newer secret, of rotation {theirs.rotation}; an older one never covers it",
            reason="newer-is-there",
        )


def judged(theirs: Mark | None, shipment: Shipment) -> Verdict | None:
    """Judge what is there by its mark alone; None where it says that it is this very secret."""
    mine = Mark.of(shipment)
    if theirs == mine:
        return None
    if theirs is not None and theirs.same_line(mine):
        newer, why = theirs.is_newer_than(mine), f"holds the secret of {theirs.rotation}"
        return Verdict(found=Found.ABSENT if newer else Found.OLDER, why=why, foreign=newer)
    whose = "nobody we know" if theirs is None else f"{theirs.rotation.application}, line {theirs.line}"
    return Verdict(found=Found.ABSENT, why=f"what it holds is of {whose}", foreign=True)
