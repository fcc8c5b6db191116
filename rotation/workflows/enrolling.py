"""Enrol and release: selecting is not permitting; a line becomes ours by a recorded yes after a preview."""

from datetime import datetime
from urllib.parse import urlsplit

from rotation.domain.errors import NotFound, Refused, StaleRecord
from rotation.domain.identifiers import LineId, RotationId
from rotation.domain.line import HeldKey, Line
from rotation.domain.rotation import Rotation
from rotation.ledger import application as ledger
from rotation.ledger import keys
from rotation.ledger.application import ApplicationRecord
from rotation.ledger.control import Beginning
from rotation.ledger.lines import index
from rotation.ports.tables import Change, Delete, Insert, Value
from rotation.workflows.nudge import nudge_rotation
from rotation.workflows.previewing import Preview, Wish, preview
from rotation.workflows.rotate import take_application
from rotation.workflows.services import Services
from rotation.workflows.taking_over import resumed
from rotation.workflows.usage_pass import read_usage_of


async def enrol(services: Services, wish: Wish) -> Line:
    """
    Record the yes.

    Order (protocol.md, Ledger): the vault name is claimed, then the index, then the truth, under the
    application's lease; a claim that names this line already is ours. A line that was rebuilt goes on
    where it stood, with a rotation that mints nothing (`taking_over.py`). Usage is read for the first time at the end:
    who may not read it enrols all the same, and the nightly pass reads it.

    Raises:
        Refused: With every refusal of the preview.
    """
    seen = await preview(services, wish)
    if seen.refusals:
        raise Refused("; ".join(seen.refusals), reason="not-enrolled", remedy="rotation enrol --preview shows it all")
    line_id = LineId(wish.application, wish.line)
    line, rotation = _line(line_id, seen, services.clock.now())
    fence = await take_application(services, RotationId(wish.application, services.ulids.make()))
    try:
        record = await ledger.read(services.tables, wish.application)
        if wish.line in record.lines:
            raise Refused(f"line {wish.line} is enrolled already", reason="already-enrolled", remedy="rotation show")
        _free(record, line)
        await claim(services, line)
        record.lines[wish.line] = line
        await services.lines.put(index(line, record, rotation))
        facts = {
            "line": wish.line,
            "by": wish.by,
            "key_ids": ",".join(line.enrolment.handed_over),
            "where": wish.where or None,
            "unrehearsed": wish.unrehearsed or None,
        }
        if rotation is not None:
            await services.wakes.set(rotation.id, services.clock.now())
        now = services.clock.now()
        event = ledger.put_event(now, services.ulids.make(), what="enrolled", facts=facts)
        await fence.commit([*_written(line, rotation), event], now=now)
    finally:
        await fence.release(services.clock.now())
    await services.control.beginning.change(lambda before: _first(before, line))
    await read_usage_of(services, wish.application, line.client_id)
    if rotation is not None:
        await nudge_rotation(services, rotation.id)
    return line


def _written(line: Line, rotation: Rotation | None) -> list[Change]:
    """Give the rows of a yes; what waited for it after the ledger was lost waits no more."""
    rows: list[Change] = [ledger.put_line(line), Delete(key=keys.rebuilt(line.id.name))]
    return [*rows, ledger.put_rotation(rotation)] if rotation is not None else rows


def _free(record: ApplicationRecord, line: Line) -> None:
    """A key id belongs to one line at most: look again under the lease."""
    taken = [key.key_id for key in line.keys if record.line_of(key.key_id) is not None]
    if taken:
        raise Refused(
            f"another line holds key id {', '.join(taken)}", reason="key-id-taken", remedy="rotation show names it"
        )


def _first(before: Beginning, line: Line) -> Beginning:
    return before if before.first_enrolled_at else Beginning(first_enrolled_at=line.enrolment.at)


def _line(line_id: LineId, seen: Preview, now: datetime) -> tuple[Line, Rotation | None]:
    held = tuple(HeldKey(key_id=secret.key_id, end_at=secret.end_at) for secret in seen.handed_over)
    newest = max(held, key=lambda key: key.end_at, default=None)
    line = Line(
        id=line_id,
        client_id=seen.application.client_id,
        display_name=seen.application.display_name,
        enrolment=seen.enrolment,
        keys=held,
        current=newest.key_id if newest else None,
        version=seen.enrolment.adopted_version,
    )
    return resumed(line, seen.rebuilt, now=now) if seen.rebuilt else (line, None)


async def claim(services: Services, line: Line) -> None:
    """Claim both names of the line in its vault, or find that they are ours already."""
    host = urlsplit(line.enrolment.vault_url).netloc
    for name in (line.enrolment.secret_name, f"{line.enrolment.secret_name}-staged"):
        values: dict[str, Value] = {"line": str(line.id), "by": line.enrolment.by, "at": line.enrolment.at}
        try:
            await services.tables.commit(keys.VAULT_NAMES, host, [Insert(key=name, values=values)])
        except StaleRecord:
            row = await services.tables.get(keys.VAULT_NAMES, host, name)
            if row is None or row.values.get("line") != str(line.id):
                owner = row.values.get("line") if row else "another line"
                raise Refused(
                    f"vault name {name} belongs to line {owner}",
                    reason="vault-name-claimed",
                    remedy="choose secret_name",
                ) from None


async def release(services: Services, line_id: LineId, *, by: str, where: str = "") -> tuple[HeldKey, ...]:
    """
    End an enrolment; nothing is removed.

    Returns:
        The credentials whose end dates somebody must now watch.
    """
    fence = await take_application(services, RotationId(line_id.application, services.ulids.make()))
    try:
        record = await ledger.read(services.tables, line_id.application)
        line = record.lines.get(line_id.name)
        if line is None:
            raise NotFound(f"no line {line_id.name} of application {line_id.application} is enrolled")
        now = services.clock.now()
        facts = {"line": line_id.name, "by": by, "key_ids": ",".join(key.key_id for key in line.keys)}
        facts |= {"where": where} if where else {}
        event = ledger.put_event(now, services.ulids.make(), what="released", facts=facts)
        gone = [Delete(key=keys.line(line_id.name)), Delete(key=keys.reissue(line_id.name))]
        await fence.commit([*gone, event], now=now)
    finally:
        await fence.release(services.clock.now())
    await services.lines.drop(line_id)
    await unclaim(services, line)
    if line.open:
        await services.wakes.set(RotationId(line_id.application, line.open), services.clock.now())
    return line.keys


async def unclaim(services: Services, line: Line) -> None:
    """Give both names of the line in its vault back."""
    host = urlsplit(line.enrolment.vault_url).netloc
    for name in (line.enrolment.secret_name, f"{line.enrolment.secret_name}-staged"):
        row = await services.tables.get(keys.VAULT_NAMES, host, name)
        if row is not None and row.values.get("line") == str(line.id):
            await services.tables.commit(keys.VAULT_NAMES, host, [Delete(key=name, etag=row.etag)])
