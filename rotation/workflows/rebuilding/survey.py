"""Tell what could be rebuilt: read vaults, the whole directory and the ledger as it is; write nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rotation.domain.credential import Marker
from rotation.domain.identifiers import KeyId, LineId, ObjectId, SecretVersion
from rotation.domain.rebuilt import RebuiltLine, TaggedSecret
from rotation.ledger import application as ledger
from rotation.ports.directory import ListedApplication, ListedSecret
from rotation.ports.vault import VersionProperties
from rotation.workflows import tags
from rotation.workflows.rebuilding.tagged import TaggedLine, tagged_lines
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A secret with our form of marker, of which neither the ledger nor any vault that was read knows anything."""

    application: ObjectId
    display_name: str
    key_id: KeyId
    rotation: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What directory, vaults and ledger tell together."""

    vaults: tuple[str, ...]
    applications: int
    lines: tuple[RebuiltLine, ...]
    """Lines that the vaults' tags name and that nobody has enrolled: by application name."""
    beside: Mapping[LineId, tuple[KeyId, ...]]
    """For each, secrets without a marker on the same application: an old one of the line may be among them."""
    enrolled: tuple[LineId, ...]
    """Lines that the ledger knows: nothing is to be rebuilt."""
    gone: tuple[LineId, ...]
    """Lines whose application the directory does not list."""
    strays: tuple[Stray, ...]
    unread: tuple[str, ...]
    """Applications that the directory gave and nobody could read: what is theirs is missing above."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The whole directory, of which only what matters is kept."""

    wanted: frozenset[ObjectId]
    count: int = 0
    found: dict[ObjectId, ListedApplication] = field(default_factory=dict)
    marked: list[tuple[ListedApplication, ListedSecret, Marker]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    async def read(self, services: Services) -> None:
        async for page in services.directory.applications():
            self.count += len(page.applications)
            self.unread += [f"{where}: {why}" for where, why in page.malformed]
            for application in page.applications:
                self._take(application)

    def _take(self, application: ListedApplication) -> None:
        if application.object_id in self.wanted:
            self.found[application.object_id] = application
        for secret in application.secrets:
            if (marker := Marker.read(secret.display_name)) is not None:
                self.marked.append((application, secret, marker))


async def survey(services: Services, vault_urls: Iterable[str] = ()) -> Survey:
    """
    Read every vault that the configuration names, *vault_urls* too, and the whole directory; writes nothing.

    Raises:
        Retryable, AccessDenied, VaultRefused: Something could not be read: then nothing is known.
    """
    urls = {*vault_urls, *await _vaults(services)}
    tagged = await tagged_lines(services, urls)
    reading = _Reading(wanted=frozenset(each.id.application for each in tagged))
    await reading.read(services)
    by_line: dict[LineId, list[TaggedLine]] = {}
    for each in tagged:
        by_line.setdefault(each.id, []).append(each)
    lines: list[RebuiltLine] = []
    enrolled: list[LineId] = []
    gone: list[LineId] = []
    for line_id, places in sorted(by_line.items()):
        application = reading.found.get(line_id.application)
        if await ledger.line(services.tables, line_id) is not None:
            enrolled.append(line_id)
        elif application is None:
            gone.append(line_id)
        elif (line := _rebuilt(application, places)) is not None:
            lines.append(line)
    return Survey(
        vaults=tuple(sorted(url.rstrip("/") for url in urls)),
        applications=reading.count,
        lines=tuple(sorted(lines, key=lambda each: (each.display_name, each.id))),
        beside={line.id: _beside(reading.found[line.id.application]) for line in lines},
        enrolled=tuple(enrolled),
        gone=tuple(gone),
        strays=await _strays(services, reading, tagged),
        unread=tuple(reading.unread),
    )


async def _vaults(services: Services) -> set[str]:
    configuration = await services.configurations.current()
    return {services.vault_url, *(policy.vault for policy in configuration.policies if policy.vault)}


def _rebuilt(application: ListedApplication, places: Sequence[TaggedLine]) -> RebuiltLine | None:
    """
    Make the row of one line; None where nothing of it is left but versions of secrets that are gone.

    Where several vaults or names hold something of it, it lives where the newest version is.
    """
    home = max(places, key=lambda each: max(version.created_at for version in (*each.published, *each.staged)))
    ends = {secret.key_id: secret.ends for secret in application.secrets}
    published = [_secret(version, ends, staged=False) for each in places for version in each.published]
    known = {each.key_id for each in published}
    staged = [_secret(version, ends, staged=True) for each in places for version in each.staged]
    published.sort(key=lambda each: (each.written_at, each.version))
    kept = {each.key_id: each for each in published if each.listed or each is published[-1]}
    kept |= {each.key_id: each for each in staged if each.listed and each.key_id not in known}
    if not kept:
        return None
    return RebuiltLine(
        id=home.id,
        client_id=application.client_id,
        display_name=application.display_name or "",
        vault_url=home.vault_url,
        secret_name=home.name,
        secrets=tuple(sorted(kept.values(), key=lambda each: (each.written_at, each.version))),
    )


def _secret(version: VersionProperties, ends: Mapping[KeyId, datetime], *, staged: bool) -> TaggedSecret:
    key_id, attempt = KeyId(version.tags[tags.KEY_ID]), version.tags.get(tags.ATTEMPT, "")
    return TaggedSecret(
        rotation=version.tags[tags.ROTATION],
        attempt=int(attempt) if attempt.isdecimal() else 0,
        key_id=key_id,
        end_at=ends.get(key_id) or version.expires_at or version.created_at,
        written_at=version.created_at,
        version=SecretVersion(version.version),
        staged=staged,
        listed=key_id in ends,
    )


def _beside(application: ListedApplication) -> tuple[KeyId, ...]:
    return tuple(secret.key_id for secret in application.secrets if Marker.read(secret.display_name) is None)


async def _strays(services: Services, reading: _Reading, tagged: Sequence[TaggedLine]) -> tuple[Stray, ...]:
    carried = {version.tags[tags.KEY_ID] for line in tagged for version in (*line.published, *line.staged)}
    found = []
    for application, secret, marker in reading.marked:
        if secret.key_id in carried:
            continue
        record = await ledger.read(services.tables, application.object_id)
        if marker.ulid in record.rotations:
            continue
        stray = Stray(
            application=application.object_id,
            display_name=application.display_name or "",
            key_id=secret.key_id,
            rotation=marker.ulid,
            ends_at=secret.ends,
        )
        found.append(stray)
    return tuple(sorted(found, key=lambda each: (each.ends_at, each.key_id)))
