"""The words of state, the same on page, card, mail and terminal (ux.md), and which of them a line bears."""

from datetime import datetime

from rotation.ledger.lines import IndexedLine

STATES = ("expired", "blocked", "waiting", "overlapping", "under-way", "healthy")
"""Most urgent first."""

WAITING = frozenset({"awaiting-person", "awaiting-approval"})
"""Phases of a delivery in which a person must act."""


def state_of(entry: IndexedLine, now: datetime) -> str:
    """Give the word for a line."""
    if entry.end_at is not None and entry.end_at <= now:
        return "expired"
    if entry.blocked or entry.stopped or entry.places_stopped:
        return "blocked"
    if not entry.open:
        return "healthy"
    if waits(entry):
        return "waiting"
    return "overlapping" if entry.phase in {"overlapping", "retiring"} else "under-way"


def waits(entry: IndexedLine) -> bool:
    """Tell whether its rotation waits for a person."""
    progress = entry.progress
    if progress is None or progress.ulid != entry.open:
        return entry.open is not None and entry.phase in {"planned", "delivering"} and not entry.under_way
    return progress.awaits_approval or any(place.phase in WAITING for place in progress.places)


def says(entry: IndexedLine, now: datetime) -> str:
    """Say in a few words how a line is."""
    match state_of(entry, now):
        case "expired":
            stopped = why_stopped(entry)
            return f"its current secret has ended; stopped: {stopped}" if stopped else "its current secret has ended"
        case "blocked":
            return f"stopped: {why_stopped(entry)}"
        case "waiting":
            return "waits for an approval" if entry.phase == "planned" else "waits for a person"
        case "overlapping":
            return _overlapping(entry)
        case "under-way":
            return entry.phase
        case _:
            return "fine" if entry.end_at else "no secret yet"


def why_stopped(entry: IndexedLine) -> str:
    """Name the reason for which it stopped: its rotation's, the line's, or those of its destinations."""
    places = ", ".join(f"{place} ({reason})" for place, reason in entry.places_stopped)
    return entry.stopped or entry.blocked or places


def _overlapping(entry: IndexedLine) -> str:
    used = entry.progress.in_use if entry.progress else ()
    if not used:
        return "both secrets work; the old one waits for evidence"
    return f"old secret still used, last {used[0].used_at:%Y-%m-%d %H:%M} UTC {used[0].origin}".rstrip()
