"""Read `connections:`, and decide which of them a destination may use."""

from collections.abc import Mapping

from rotation.config.kinds import Kind
from rotation.config.model import DestinationPart
from rotation.config.problem import Path, Wrong, nearest, one_of
from rotation.config.report import Report
from rotation.config.source import described
from rotation.domain.policy import Connection
from rotation.integrations.connections import TYPES, ConnectionPart, read

IDENTITY = "identity"
"""The type of connection that is our own identity: it needs no entry."""


def connection(name: str, value: object, report: Report) -> Connection | None:
    """Read one connection; None where something about it is wrong, which the report then knows."""
    path: Path = ("connections", name)
    _says_its_type(value, path=path, report=report)
    part = report.part(ConnectionPart, value, path)
    if part is None or not isinstance(value, dict) or not report.sound(path):
        return None
    return read(name, value)


def _says_its_type(value: object, *, path: Path, report: Report) -> None:
    """Ask for the type first: without it nobody knows what else belongs there."""
    if not isinstance(value, dict):
        meant = nearest(value, TYPES) if isinstance(value, str) else ""
        allowed = "a mapping with `type` and what that type needs"
        told = f"is {described(value)}, not a mapping"
        report.wrong(path, Wrong(what=told, allowed=allowed, meant=f"{{type: {meant}}}" if meant else ""))
    elif value.get("type") is None:
        told = "has no value" if "type" in value else "is missing, so nobody knows what else belongs here"
        report.wrong((*path, "type"), Wrong(what=told, allowed=one_of(TYPES)))


def used_by(
    part: DestinationPart, kind: Kind, connections: Mapping[str, Connection], *, path: Path, report: Report
) -> Connection | None:
    """Give the connection that a destination names; what does not fit its kind is noted."""
    types, place = kind.connections, (*path, "connection")
    if part.connection is None:
        if types and IDENTITY not in types:
            told = f"kind {part.kind} needs a connection to sign in with"
            report.wrong(place, Wrong(what=told, allowed=f"a connection of type {one_of(types)}"))
        return None
    if not types:
        report.wrong(place, Wrong(what=f"kind {part.kind} takes no connection", allowed="leave it out"))
        return None
    found = connections.get(part.connection)
    if found is not None and found.type not in types:
        told = f"'{found.name}' is of type {found.type}, which kind {part.kind} does not take"
        report.wrong(place, Wrong(what=told, allowed=f"a connection of type {one_of(types)}"))
    return found
