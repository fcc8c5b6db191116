"""Which version of a secret counts as its latest."""

from collections.abc import Sequence

from rotation.integrations.mark import Mark
from rotation.ports.vault import VersionProperties


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
