"""Read from vaults which secrets of which lines they hold: by the tags that we write beside each version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rotation.domain.errors import Misread
from rotation.domain.identifiers import LineId
from rotation.ports.vault import NamedSecret, Vault, VersionProperties
from rotation.workflows import tags
from rotation.workflows.services import Services

STAGED = "-staged"


@dataclass(slots=True, kw_only=True)
class TaggedLine:
    """What one vault holds of one line, under one name; every version names a key id."""

    id: LineId
    vault_url: str
    name: str
    published: list[VersionProperties] = field(default_factory=list)
    staged: list[VersionProperties] = field(default_factory=list)


async def tagged_lines(services: Services, vault_urls: Iterable[str]) -> list[TaggedLine]:
    """
    Read every line of these vaults.

    Raises:
        Retryable, VaultRefused: A vault does not answer, or not wholly: that is not the same as an empty one.
    """
    found: list[TaggedLine] = []
    for url in sorted({url.rstrip("/") for url in vault_urls}):
        vault = services.vaults.at(url)
        for name in _names(await vault.secrets()):
            found += await _of_name(vault, url, name)
    return found


def _names(listed: Sequence[NamedSecret]) -> list[str]:
    """
    Name secrets that may be of lines: with our tags on the latest version, or with a staged one beside them.

    A version that a person wrote bears no tags, and those of earlier versions are not inherited (platform.md C1).
    """
    ours = {one.name.removesuffix(STAGED) for one in listed if tags.LINE in one.tags}
    beside = {one.name.removesuffix(STAGED) for one in listed if one.name.endswith(STAGED)}
    return sorted(ours | beside.intersection(one.name for one in listed))


async def _of_name(vault: Vault, url: str, name: str) -> list[TaggedLine]:
    lines: dict[LineId, TaggedLine] = {}
    for kept, staged in ((name, False), (f"{name}{STAGED}", True)):
        for version in await vault.versions(kept):
            line_id = _line_id(version)
            if line_id is None:
                continue
            line = lines.setdefault(line_id, TaggedLine(id=line_id, vault_url=url, name=name))
            (line.staged if staged else line.published).append(version)
    return list(lines.values())


def _line_id(version: VersionProperties) -> LineId | None:
    """Read whose a version is; None for one that is nobody's, or carries no secret, as reserved ones do."""
    if not {tags.LINE, tags.ROTATION, tags.KEY_ID} <= version.tags.keys():
        return None
    try:
        return LineId.parse(version.tags[tags.LINE])
    except Misread:
        return None
