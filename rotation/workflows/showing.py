"""Read models: what pages, the terminal and HTTP show. Nothing here changes anything."""

from datetime import datetime

from rotation.domain.credential import NEVER, Credential
from rotation.domain.errors import NotFound
from rotation.domain.identifiers import KeyId, LineName, RotationId
from rotation.domain.line import HeldKey, Line
from rotation.ledger import application as ledger
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.lines import IndexedLine
from rotation.workflows.finding import Found
from rotation.workflows.reading.states import STATES, says, state_of
from rotation.workflows.services import Services
from rotation.workflows.telling import concerns, event, rotation_view
from rotation.workflows.views import ApplicationView, LineDetail, LineView, RotationView, SecretView


def _line_view(entry: IndexedLine, now: datetime) -> LineView:
    state = state_of(entry, now)
    ulid = entry.open or entry.latest
    return LineView(
        application=entry.id.application,
        client_id=entry.client_id,
        name=entry.display_name,
        line=entry.id.name,
        policy=entry.policy,
        state=state,
        says=says(entry, now),
        ends_at=entry.end_at if entry.end_at and entry.end_at < NEVER else None,
        current=entry.current,
        rotation=str(RotationId(entry.id.application, ulid)) if ulid else None,
        phase=entry.phase,
    )


def _urgency(view: LineView) -> tuple[int, bool, datetime, str]:
    return STATES.index(view.state), view.ends_at is None, view.ends_at or NEVER, view.name


async def lines(services: Services) -> tuple[LineView, ...]:
    """List every enrolled line, most urgent first."""
    now = services.clock.now()
    views = [_line_view(entry, now) async for entry in services.lines.all()]
    return tuple(sorted(views, key=_urgency))


async def rotation(services: Services, rotation_id: RotationId) -> RotationView:
    """
    Show one rotation with its deliveries and history.

    Raises:
        NotFound: There is no such rotation.
    """
    record = await ledger.read(services.tables, rotation_id.application)
    found = record.rotation(rotation_id)
    history = await ledger.events(services.tables, rotation_id.application)
    return rotation_view(found, record, tuple(event(row) for row in history if concerns(row, rotation_id)))


async def application(services: Services, found: Found) -> ApplicationView:
    """Show an application as directory and ledger have it now."""
    live = await services.directory.application(found.object_id)
    record = await ledger.read(services.tables, found.object_id)
    held = {key.key_id: key for line in record.lines.values() for key in line.keys}
    listed = {secret.key_id: secret for secret in live.secrets}
    secrets = [
        _secret_view(record, key_id, listed=listed.get(key_id), held=held.get(key_id))
        for key_id in dict.fromkeys([*listed, *held])
    ]
    events = await ledger.events(services.tables, found.object_id)
    return ApplicationView(
        application=live.object_id,
        client_id=live.client_id,
        name=live.display_name,
        secrets=tuple(sorted(secrets, key=lambda secret: (secret.ends_at, secret.key_id))),
        lines=tuple(line_detail(line, record) for _name, line in sorted(record.lines.items())),
        events=tuple(event(row) for row in events),
    )


def _secret_view(
    record: ApplicationRecord, key_id: KeyId, *, listed: Credential | None, held: HeldKey | None
) -> SecretView:
    shown = listed or held
    assert shown is not None
    name, use = _line_of(record, key_id, listed), record.uses.get(key_id)
    line = record.lines.get(name) if name else None
    return SecretView(
        key_id=key_id,
        name=(listed.display_name or "") if listed else "",
        ends_at=shown.end_at,
        line=name,
        current=line is not None and line.current == key_id,
        last_used_at=use.last_used_at if use else None,
        listed=listed is not None,
    )


def _line_of(record: ApplicationRecord, key_id: KeyId, listed: Credential | None) -> LineName | None:
    """Find whose it is: a line's own, or still on its way through a rotation of ours that bears its marker."""
    if (owner := record.line_of(key_id)) is not None:
        return owner.name
    marker = listed.marker if listed else None
    rotating = record.rotations.get(marker.ulid) if marker else None
    return rotating.line if rotating else None


async def line(services: Services, found: Found, name: LineName) -> LineDetail:
    """
    Show one line.

    Raises:
        NotFound: It is not enrolled.
    """
    record = await ledger.read(services.tables, found.object_id)
    if name not in record.lines:
        raise NotFound(f"no line {name} of {found.display_name} is enrolled", reason="no-such-line", line=name)
    return line_detail(record.lines[name], record)


def line_detail(line: Line, record: ApplicationRecord) -> LineDetail:
    """Show a line as its rows have it."""
    told = [rotation_view(each, record) for each in record.rotations.values() if each.line == line.id.name]
    return LineDetail(
        line=line.id.name,
        policy=line.enrolment.policy,
        enrolled_by=line.enrolment.by,
        enrolled_at=line.enrolment.at,
        vault_url=line.enrolment.vault_url,
        secret_name=line.enrolment.secret_name,
        destinations=tuple(each.name for each in line.enrolment.destinations),
        readers=line.enrolment.readers,
        blocked=f"{line.blocked.reason}: {line.blocked.detail}" if line.blocked else "",
        rotations=tuple(sorted(told, key=lambda view: view.opened_at, reverse=True)),
    )
