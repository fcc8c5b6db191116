"""Find an older version of a line's secret that can still be delivered, and where (protocol.md, Going back)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.errors import NotFound, Refused
from rotation.domain.identifiers import DestinationName, KeyId, LineId, RotationId, SecretVersion
from rotation.domain.line import Line
from rotation.domain.policy import Configuration, Destination
from rotation.domain.rotation import Publication, Retiring, Rotation
from rotation.ledger.application import ApplicationRecord
from rotation.ports.vault import VersionProperties
from rotation.workflows import tags
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an operator wants back, and where; no destination named: all that programs deliver to."""

    line: LineId
    version: SecretVersion
    destinations: tuple[DestinationName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderVersion:
    """One line with the rotation that published the older secret and the one that published the current one."""

    line: Line
    older: Rotation
    publication: Publication
    """What the older rotation published."""
    current: RotationId
    current_key: KeyId
    destinations: tuple[Destination, ...]


async def find(services: Services, record: ApplicationRecord, wish: Wish) -> OlderVersion:
    """
    Find it as it is now.

    Raises:
        NotFound: The line is not enrolled, or a destination is not one of its own (`no-such-destination`).
        Refused: The version cannot be used any more, or is the current one (`version-unusable`), or only a person
            delivers to the destination (`by-hand`).
    """
    line = record.lines.get(wish.line.name)
    if line is None:
        raise NotFound(f"no line {wish.line.name} of application {wish.line.application} is enrolled", line=wish.line)
    held = line.current_key
    if held is None or held.minted_by is None:
        raise _unusable(wish, "nothing that we published is current")
    older, publication = await _published(services, record, line, wish=wish)
    current = RotationId(wish.line.application, held.minted_by)
    application = await services.directory.application(wish.line.application)
    _usable(line, publication, application, now=services.clock.now(), phase=record.rotations.get(current.ulid))
    configuration = await services.configurations.current()
    return OlderVersion(
        line=line,
        older=older,
        publication=publication,
        current=current,
        current_key=held.key_id,
        destinations=_destinations(services, configuration, line, wish=wish),
    )


def _unusable(wish: Wish, why: str) -> Refused:
    remedy = "rotation show lists what the line holds; a new secret comes with rotation rotate"
    return Refused(f"version {wish.version}: {why}", reason="version-unusable", remedy=remedy, version=wish.version)


async def _published(
    services: Services, record: ApplicationRecord, line: Line, *, wish: Wish
) -> tuple[Rotation, Publication]:
    """Find the rotation that published the version, by the version's tags and by the ledger; both must say so."""
    if wish.version == line.version:
        raise _unusable(wish, "it is the current one; rotation retry delivers it again")
    vault = services.vaults.at(line.enrolment.vault_url)
    versions = await vault.versions(line.enrolment.secret_name)
    version = next((each for each in versions if each.version == wish.version), None)
    if version is None or not version.enabled:
        raise _unusable(wish, f"it is not in {line.enrolment.secret_name}, or not enabled")
    older = record.rotations.get(version.tags.get(tags.ROTATION, ""))
    publication = older.publication if older else None
    if older is None or publication is None or not _agree(older, publication, version):
        raise _unusable(wish, "no rotation of this line published it")
    return older, publication


def _agree(older: Rotation, publication: Publication, version: VersionProperties) -> bool:
    ours = tags.is_lines(version, older.line_id) and version.tags.get(tags.KEY_ID) == publication.minted.key_id
    return ours and publication.version == version.version


def _usable(
    line: Line, publication: Publication, application: Application, *, now: datetime, phase: Rotation | None
) -> None:
    """Refuse a secret that does not sign in any more, or soon will not."""
    key_id = publication.minted.key_id
    held, at = line.key(key_id), phase.phase if phase else None
    why = ""
    if held is None or not application.holds(key_id):
        why = "its credential is gone"
    elif held.end_at <= now:
        why = f"its credential ended on {held.end_at:%Y-%m-%d}"
    elif held.burnt:
        why = "its credential was declared compromised"
    elif held.order is not None or (isinstance(at, Retiring) and at.key_id == key_id):
        why = "its credential is being removed"
    if why:
        raise _unusable(Wish(line=line.id, version=publication.version), why)


def _destinations(
    services: Services, configuration: Configuration, line: Line, *, wish: Wish
) -> tuple[Destination, ...]:
    policy = configuration.policy(line.enrolment.policy)
    entry = policy.entry(line.id.name, line.id.application) if policy else None
    known = {name: configuration.destinations[name] for name in (entry.destinations if entry else ())}
    strangers = [name for name in wish.destinations if name not in known]
    if strangers or not known:
        told = f"the line has no destination {', '.join(strangers)}" if strangers else "the line has no destination"
        raise NotFound(told, reason="no-such-destination", destinations=", ".join(known) or "none")
    assisted = [name for name, each in known.items() if services.integrations.of(each).capabilities.assisted]
    by_hand: Sequence[DestinationName] = [name for name in wish.destinations if name in assisted]
    chosen = tuple(known[name] for name in wish.destinations or known if name not in assisted)
    if by_hand or not chosen:
        raise Refused(
            f"only a person delivers to {', '.join(by_hand or assisted)}",
            reason="by-hand",
            remedy="open the older version in the vault and paste it there",
        )
    return chosen
