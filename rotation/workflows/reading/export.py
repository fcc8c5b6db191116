"""Rows for spreadsheets and scripts, one after the other, however many there are; and the same as CSV and JSON."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from rotation.ledger import keys
from rotation.ledger.lines import IndexedLine
from rotation.workflows.auditing import trail
from rotation.workflows.facts import facts
from rotation.workflows.reading.spans import state_of_end
from rotation.workflows.reading.states import says, state_of
from rotation.workflows.services import Services

type Cell = str | int | bool | datetime | Mapping[str, object] | None
type ExportRow = Mapping[str, Cell]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell; names are written by anybody."""
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
"""What would break a row in two, or tell a terminal to do something."""


class Table(StrEnum):
    """What can be exported."""

    CREDENTIALS = "credentials"
    """A row a client secret of each application, as of the last complete scan; one without secrets has a row, too."""
    LINES = "lines"
    ROTATIONS = "rotations"
    """The latest rotation of each line."""
    AUDIT = "audit"
    """A row an event of the audit trail, in the order in which they were copied there (workflows/auditing.py)."""


COLUMNS: Mapping[Table, Sequence[str]] = {
    Table.CREDENTIALS: (
        "object_id",
        "client_id",
        "name",
        "policy",
        "mode",
        "enrolled",
        "disabled",
        "owners",
        "key_id",
        "secret_name",
        "ends_at",
        "status",
        "state",
    ),
    Table.LINES: (
        "object_id",
        "client_id",
        "name",
        "line",
        "policy",
        "state",
        "says",
        "key_id",
        "ends_at",
        "minted_at",
        "enrolled_at",
        "rotation",
        "blocked",
    ),
    Table.ROTATIONS: (
        "rotation",
        "object_id",
        "name",
        "line",
        "reason",
        "asked_by",
        "opened_at",
        "phase",
        "phase_since",
        "published_at",
        "ends_at",
        "destinations",
        "verified",
        "stopped",
    ),
    Table.AUDIT: ("at", "object_id", "what", "by", "where", "facts", "tenant", "id"),
}


async def rows(services: Services, table: Table, *, since: date = date.min) -> AsyncIterator[ExportRow]:
    """
    Give the rows of one table; each has its columns, in this order. *since* holds for the audit trail: the first day.

    Raises:
        NotFound: No scan was ever complete (`no-inventory`), for credentials.
    """
    source = _audit(services, since) if table is Table.AUDIT else _SOURCES[table](services)
    async for row in source:
        yield row


async def _credentials(services: Services) -> AsyncIterator[ExportRow]:
    inventory = await services.shelf.inventory(services.snapshots, services.clock)
    columns, now = inventory.columns, services.clock.now()
    for place in range(len(columns)):
        one = columns.application(place)
        usual: dict[str, Cell] = {
            "object_id": one.object_id,
            "client_id": one.client_id,
            "name": one.name,
            "policy": one.policy,
            "mode": one.mode,
            "enrolled": " ".join(one.enrolled),
            "disabled": one.disabled,
            "owners": None if one.owners is None else "; ".join(one.owners),
        }
        empty = dict.fromkeys(COLUMNS[Table.CREDENTIALS][len(usual) :])
        if not one.secrets:
            yield {**usual, **empty}
        for secret in one.secrets:
            yield {
                **usual,
                "key_id": secret.key_id,
                "secret_name": secret.name,
                "ends_at": secret.end_at,
                "status": secret.status,
                "state": state_of_end(secret.status, secret.end_at, now),
            }


async def _lines(services: Services) -> AsyncIterator[ExportRow]:
    now = services.clock.now()
    async for entry in services.lines.all():
        yield {
            "object_id": entry.id.application,
            "client_id": entry.client_id,
            "name": entry.display_name,
            "line": entry.id.name,
            "policy": entry.policy,
            "state": state_of(entry, now),
            "says": says(entry, now),
            "key_id": entry.current,
            "ends_at": entry.end_at,
            "minted_at": entry.minted_at,
            "enrolled_at": entry.enrolled_at,
            "rotation": _rotation_id(entry),
            "blocked": entry.blocked,
        }


async def _rotations(services: Services) -> AsyncIterator[ExportRow]:
    async for entry in services.lines.all():
        if (progress := entry.progress) is not None:
            yield {
                "rotation": f"{entry.id.application}.{progress.ulid}",
                "object_id": entry.id.application,
                "name": entry.display_name,
                "line": entry.id.name,
                "reason": progress.reason,
                "asked_by": progress.asked_by,
                "opened_at": progress.opened_at,
                "phase": progress.working,
                "phase_since": entry.phase_since,
                "published_at": progress.published_at,
                "ends_at": progress.end_at,
                "destinations": progress.destinations,
                "verified": progress.verified,
                "stopped": entry.stopped,
            }


async def _audit(services: Services, since: date) -> AsyncIterator[ExportRow]:
    async for told in trail(services, since):  # what is copied late stands in the file of a later day, never an earlier
        at = datetime.fromisoformat(told.pop("at"))
        about = told.pop("about")
        usual: dict[str, Cell] = {name: told.pop(name, None) for name in ("what", "by", "where", "tenant", "id")}
        if at.date() >= since:
            named: ExportRow = {"at": at, "object_id": None if about == keys.CONTROL else about, **usual, "facts": told}
            yield {column: named[column] for column in COLUMNS[Table.AUDIT]}


def _rotation_id(entry: IndexedLine) -> str | None:
    ulid = entry.open or entry.latest
    return f"{entry.id.application}.{ulid}" if ulid else None


_SOURCES: Mapping[Table, Callable[[Services], AsyncIterator[ExportRow]]] = {
    Table.CREDENTIALS: _credentials,
    Table.LINES: _lines,
    Table.ROTATIONS: _rotations,
}


async def as_csv(table: Table, found: AsyncIterator[ExportRow]) -> AsyncIterator[str]:
    """Write rows as CSV (RFC 4180), the heading with the first of them; no cell is a formula to a spreadsheet."""
    heading = csv_line(COLUMNS[table])
    async for row in found:
        yield heading + csv_line([row[column] for column in COLUMNS[table]])
        heading = ""
    yield heading


async def as_json(table: Table, found: AsyncIterator[ExportRow]) -> AsyncIterator[str]:
    """Write rows as one JSON object, a row a line: `{"lines": [...]}`."""
    before = f'{{"{table}": ['
    async for row in found:
        yield f"{before}\n{json.dumps(facts(dict(row)), ensure_ascii=False)}"
        before = ","
    yield "\n]}\n" if before == "," else f"{before}]}}\n"


def csv_line(cells: Sequence[Cell]) -> str:
    """Write one line with its break."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return cell.isoformat().replace("+00:00", "Z")
        case int():
            return str(cell)
        case str():
            told = cell.translate(_CONTROLS)
            return f"'{told}" if cell.startswith(FORMULA) or told.lstrip().startswith(FORMULA) else told
        case told:
            return _cell("; ".join(f"{name}={value}" for name, value in sorted(told.items())))
