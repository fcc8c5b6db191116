"""`Ledger`: the app's rows as plain JSON, read beside it, for the driver's decisions and the judge's."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.running.books import Books

HURRIED = frozenset({"planned", "minting", "staged", "proven", "published", "retiring"})
UNPUBLISHED = frozenset({"planned", "minting", "staged", "proven"})
ENDED = frozenset({"completed", "closed", "abandoned"})
MOVING = frozenset({"pending", "sent"})
"""Deliveries in these phases go on by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything that the tables said at one moment; records are the JSON of their rows."""

    rotations: Mapping[str, Mapping[str, Any]]
    """By ulid."""
    deliveries: tuple[Mapping[str, Any], ...]
    lines: Mapping[str, Mapping[str, Any]]
    """By the application's object id: a run's applications have one line each."""
    events: tuple[Mapping[str, Any], ...]
    outbox: tuple[str, ...]
    wakes: Mapping[str, datetime]

    def deliveries_of(self, ulid: str) -> list[Mapping[str, Any]]:
        """Give the deliveries of one rotation."""
        return [each for each in self.deliveries if ulid_of(each["rotation"]) == ulid]

    def moving(self) -> list[str]:
        """Name the rotations that go on by themselves, without a day that passes or a person who acts."""
        return [ulid for ulid, rotation in self.rotations.items() if self._moves(ulid, rotation)]

    def _moves(self, ulid: str, rotation: Mapping[str, Any]) -> bool:
        phase = rotation["phase"]["phase"]
        if phase in HURRIED:
            return True
        if phase in ENDED or phase == "blocked":
            return bool(rotation["orphans"])
        waiting = [each["phase"]["phase"] for each in self.deliveries_of(ulid)]
        return any(each in MOVING for each in waiting) or (phase == "delivering" and not _held(waiting))


def _held(phases: Iterable[str]) -> bool:
    return any(phase in {"awaiting-person", "awaiting-approval", "blocked"} for phase in phases)


def read(books: Books) -> Ledger:
    """Read all of it."""
    rows = books.rows("rotations")
    kept = [row for row in rows if row["RowKey"].startswith("a|")]
    rotations = [_record(row) for row in kept if row["RowKey"].startswith("a|rotation|")]
    return Ledger(
        rotations={ulid_of(rotation["id"]): rotation for rotation in rotations},
        deliveries=tuple(_record(row) for row in kept if row["RowKey"].startswith("a|delivery|")),
        lines={row["PartitionKey"]: _record(row) for row in kept if row["RowKey"].startswith("a|line|")},
        events=tuple({**row, "application": row["PartitionKey"]} for row in rows if row["RowKey"].startswith("z|")),
        outbox=tuple(row["RowKey"] for row in kept if row["RowKey"].startswith("a|outbox|")),
        wakes={row["RowKey"]: row["look_at"] for row in books.rows("wakes")},
    )


def ulid_of(rotation_id: Any) -> str:
    """Give the ulid of a rotation id as a record holds it."""
    return str(rotation_id["ulid"])


def application_of(rotation: Mapping[str, Any]) -> str:
    """Give the object id of a rotation's application."""
    return str(rotation["id"]["application"])


def _record(row: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = [row["state"]]
    while (following := row.get(f"state_{len(parts)}")) is not None:
        parts.append(following)
    record: Mapping[str, Any] = json.loads("".join(parts))
    return record
