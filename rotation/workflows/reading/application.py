"""One application, read live: its credentials and what each is to us, owners, lines, history, advice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.credential import Application, Credential
from rotation.domain.errors import ApplicationGone, RotationError
from rotation.domain.identifiers import KeyId, LineName, ObjectId
from rotation.domain.line import HeldKey
from rotation.domain.policy import Configuration, Mode, Policy
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine, index
from rotation.ports.directory import Owner
from rotation.workflows.finding import Found
from rotation.workflows.reading.advice import Advice, Seen, destinations_of, of_application
from rotation.workflows.reading.needs import Need, of_line, urgency
from rotation.workflows.reading.spans import says_of_end, state_of_end
from rotation.workflows.reading.states import says, state_of
from rotation.workflows.reading.uses import LastUses, last_uses
from rotation.workflows.services import Services
from rotation.workflows.showing import line_detail
from rotation.workflows.telling import event
from rotation.workflows.views import EventView, LineDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRow:
    """One client secret."""

    key_id: KeyId
    name: str
    hint: str
    """The first three characters of its text, where the directory tells them."""
    start_at: datetime | None
    end_at: datetime
    status: str
    """`current`, `predecessor`, `rotating`, `orphan`, `stray`, `foreign`, `monitored` or `ignored`."""
    state: str
    says: str
    line: LineName | None
    listed: bool
    """The directory lists it; what the ledger holds and nobody lists is gone."""
    lapses: bool
    last_used_at: datetime | None
    """The last sign-in with it that a usage source shows; it may be ours. None: none was seen."""
    used_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSummary:
    """One enrolled line: how it is, and everything of it."""

    state: str
    says: str
    detail: LineDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPage:
    """One application as directory, usage sources and ledger have it now."""

    at: datetime
    object_id: ObjectId
    client_id: str
    name: str
    gone: bool
    """The directory has it no more; the rest is what the ledger knows."""
    disabled: bool
    tags: tuple[str, ...]
    created_by: str
    policy: str | None
    mode: Mode
    may_enrol: tuple[LineName, ...]
    """Lines that its policy names and nobody enrolled."""
    owners: tuple[Owner, ...]
    credentials: tuple[CredentialRow, ...]
    """The one that ends first is first."""
    lines: tuple[LineSummary, ...]
    needs: tuple[Need, ...]
    advice: tuple[Advice, ...]
    history: tuple[EventView, ...]
    """Oldest first."""
    usage: LastUses
    unread: tuple[str, ...]
    """What could not be read now, each with the reason; the rest stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was read."""

    live: Application | None
    owners: tuple[Owner, ...] | None
    """None: they could not be read."""
    record: ApplicationRecord
    configuration: Configuration
    policy: Policy | None
    usage: LastUses
    entries: tuple[IndexedLine, ...]
    now: datetime


async def application(services: Services, found: Found) -> ApplicationPage:
    """
    Show one application. What cannot be read now is named, and does not spoil the page.

    Raises:
        Retryable, AccessDenied: The ledger cannot be read, or the directory gives no answer about the application.
    """
    known, unread = await _read(services, found)
    history = await ledger.events(services.tables, found.object_id)
    live, policy, credentials = known.live, known.policy, _credentials(known)
    return ApplicationPage(
        at=known.now,
        object_id=found.object_id,
        client_id=found.client_id,
        name=live.display_name if live else found.display_name,
        gone=live is None,
        disabled=live.disabled if live else False,
        tags=live.tags if live else (),
        created_by=(live.created_by or "") if live else "",
        policy=policy.name if policy else None,
        mode=policy.mode if policy else Mode.MONITOR,
        may_enrol=_may_enrol(policy, known.record, found.object_id),
        owners=known.owners or (),
        credentials=credentials,
        lines=tuple(_summary(entry, known) for entry in known.entries),
        needs=_needs(known),
        advice=_advice(services, known, live, rows=credentials) if live else (),
        history=tuple(map(event, history)),
        usage=known.usage,
        unread=(*known.usage.unread, *unread),
    )


async def _read(services: Services, found: Found) -> tuple[_Known, list[str]]:
    live, owners, record, configuration, usage = await asyncio.gather(
        _live(services, found),
        _owners(services, found.object_id),
        ledger.read(services.tables, found.object_id),
        services.configurations.current(),
        last_uses(services.usage, found.client_id),
    )
    names = [owner.mail or "" for owner in owners] if isinstance(owners, tuple) else []
    bare = Application(object_id=found.object_id, client_id=found.client_id, display_name=found.display_name)
    lines = [line for _name, line in sorted(record.lines.items())]
    known = _Known(
        live=live,
        owners=owners if isinstance(owners, tuple) else None,
        record=record,
        configuration=configuration,
        policy=configuration.policy_for(live or bare, names),
        usage=usage,
        entries=tuple(index(line, record, record.rotations.get(line.latest or "")) for line in lines),
        now=services.clock.now(),
    )
    return known, [] if isinstance(owners, tuple) else [owners]


async def _live(services: Services, found: Found) -> Application | None:
    try:
        return await services.directory.application(found.object_id)
    except ApplicationGone:
        return None


async def _owners(services: Services, object_id: ObjectId) -> tuple[Owner, ...] | str:
    """Give its owners, or why nobody knows."""
    try:
        return (await services.directory.owners([object_id])).get(object_id, ())
    except RotationError as error:
        return f"owners: {error.message}"


def _advice(
    services: Services, known: _Known, live: Application, *, rows: Sequence[CredentialRow]
) -> tuple[Advice, ...]:
    seen = Seen(
        application=live,
        owners=known.owners,
        lines={entry.id.name: destinations_of(entry, known.configuration) for entry in known.entries},
        strays=sum(1 for row in rows if row.status == "stray"),
        usage=known.usage,
    )
    return tuple(of_application(services, seen, known.configuration))


def _may_enrol(policy: Policy | None, record: ApplicationRecord, object_id: ObjectId) -> tuple[LineName, ...]:
    if policy is None or policy.mode is not Mode.ROTATE:
        return ()
    names = dict.fromkeys(entry.name for entry in policy.lines if entry.only_for in {None, object_id})
    return tuple(name for name in names if name not in record.lines)


def _needs(known: _Known) -> tuple[Need, ...]:
    found = [need for entry in known.entries for need in of_line(entry, known.configuration, known.now)]
    return tuple(sorted(found, key=urgency))


def _summary(entry: IndexedLine, known: _Known) -> LineSummary:
    detail = line_detail(known.record.lines[entry.id.name], known.record)
    return LineSummary(state=state_of(entry, known.now), says=says(entry, known.now), detail=detail)


def _credentials(known: _Known) -> tuple[CredentialRow, ...]:
    """Show what the directory lists and what the ledger holds, together."""
    listed = {secret.key_id: secret for secret in known.live.secrets} if known.live else {}
    held = {key.key_id: key for line in known.record.lines.values() for key in line.keys}
    rows = []
    for key_id in dict.fromkeys([*listed, *held]):
        status, line = standing(known.record, key_id, listed.get(key_id), policy=known.policy)
        row = _row(listed.get(key_id), held.get(key_id), status=status, now=known.now)
        use = known.usage.by_key.get(key_id)
        rows.append(replace(row, line=line, last_used_at=use.at if use else None, used_for=use.origin if use else ""))
    return tuple(sorted(rows, key=lambda row: (row.end_at, row.key_id)))


def _row(listed: Credential | None, held: HeldKey | None, *, status: str, now: datetime) -> CredentialRow:
    shown = listed or held
    assert shown is not None
    return CredentialRow(
        key_id=shown.key_id,
        name=(listed.display_name or "") if listed else "",
        hint=(listed.hint or "") if listed else "",
        start_at=listed.start_at if listed else None,
        end_at=shown.end_at,
        status=status,
        state=state_of_end(status, shown.end_at, now),
        says=says_of_end(status, shown.end_at, now),
        line=None,
        listed=listed is not None,
        lapses=held.lapses if held else False,
        last_used_at=None,
        used_for="",
    )


def standing(
    record: ApplicationRecord, key_id: KeyId, listed: Credential | None, *, policy: Policy | None
) -> tuple[str, LineName | None]:
    """Tell what a secret is to us, as the nightly pass does, and the line that it belongs to."""
    if (owner := record.line_of(key_id)) is not None:
        return ("current" if record.lines[owner.name].current == key_id else "predecessor"), owner.name
    marker = listed.marker if listed else None
    if marker is not None:
        rotation = record.rotations.get(marker.ulid)
        if rotation is None:
            return ("stray" if record.rebuilt_line_of(key_id) is None else "monitored"), None
        if rotation.open and rotation.line in record.lines and rotation.minted and rotation.minted.key_id == key_id:
            return "rotating", rotation.line
        if key_id not in rotation.adopted:
            return "orphan", rotation.line
    if record.lines:
        return "foreign", None
    return ("ignored" if policy and policy.mode is Mode.IGNORE else "monitored"), None
