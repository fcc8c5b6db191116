"""What we write beside a secret, so that whoever comes later knows which version counts (protocol.md, Look first)."""

from collections.abc import Iterable, Sequence

from rotation.domain.identifiers import KeyId, LineId
from rotation.ports.vault import VersionProperties

ROTATION = "rotation"
LINE = "rotation-line"
ATTEMPT = "rotation-attempt"
KEY_ID = "entra-key-id"
STATE = "rotation-state"
CLIENT_ID = "entra-client-id"
RESERVED = "reserved"


def of_version(version: VersionProperties, ulid: str) -> bool:
    """Tell whether a version was written by that rotation."""
    return version.tags.get(ROTATION) == ulid


def carries(versions: Iterable[VersionProperties], key_id: KeyId) -> bool:
    """Tell whether any version, enabled or not, carries that key id."""
    return any(version.tags.get(KEY_ID) == key_id for version in versions)


def is_lines(version: VersionProperties, line: LineId) -> bool:
    """Tell whether a version is of this line, by its tags."""
    return version.tags.get(LINE) == str(line)


def latest(versions: Sequence[VersionProperties]) -> Sequence[VersionProperties]:
    """
    Give the versions that readers of "latest" may get.

    A vault tells creation times in whole seconds (platform.md C1), so there may be more than one.
    """
    newest = max((version.created_at for version in versions), default=None)
    return [version for version in versions if version.created_at == newest]
