"""Read `destinations:`; the settings of each are checked by its kind's own model."""

from collections.abc import Mapping
from types import MappingProxyType

from rotation.config.connections import used_by
from rotation.config.kinds import Kind
from rotation.config.model import DestinationPart
from rotation.config.problem import Path, Wrong, nearest, one_of
from rotation.config.report import Report
from rotation.config.shapes import known_keys
from rotation.config.source import described
from rotation.domain.identifiers import AudienceName, DestinationName
from rotation.domain.policy import Connection, Destination

COMMON = frozenset(DestinationPart.model_fields)
"""Keys that every destination has; no kind may call a setting so."""


def destination(
    name: str,
    value: object,
    *,
    kinds: Mapping[str, Kind],
    connections: Mapping[str, Connection],
    report: Report,
) -> Destination | None:
    """Read one destination; None where something about it is wrong, which the report then knows."""
    path: Path = ("destinations", name)
    _says_its_kind(value, kinds, path=path, report=report)
    part = report.part(DestinationPart, value, path)
    if part is None:
        return None
    kind = kinds.get(part.kind)
    if kind is None:
        wrong = Wrong(what=f"there is no kind '{part.kind}'", allowed=one_of(kinds), meant=nearest(part.kind, kinds))
        report.wrong((*path, "kind"), wrong)
        return None
    settings = dict(part.model_extra or {})
    connection = used_by(part, kind, connections, path=path, report=report)
    if report.part(kind.settings_model, settings, path) is None or not report.sound(path):
        return None
    return Destination(
        name=DestinationName(name),
        kind=part.kind,
        settings=MappingProxyType(settings),
        fingerprint=kind.fingerprint(settings, connection),
        settles_in=kind.settles_in if part.settles_in is None else part.settles_in,
        approval=kind.default_approval(settings) if part.approval is None else part.approval,
        audience=AudienceName(part.audience) if part.audience else None,
        connection=connection,
        resource=kind.resource(settings),
        secrets=kind.secrets(settings),
    )


def _says_its_kind(value: object, kinds: Mapping[str, Kind], *, path: Path, report: Report) -> None:
    """Ask for the kind first: without it nobody knows which settings belong there."""
    allowed = "a mapping with `kind` and the settings of that kind"
    if not isinstance(value, dict):
        meant = nearest(value, kinds) if isinstance(value, str) else ""
        told = f"is {described(value)}, not a mapping"
        report.wrong(path, Wrong(what=told, allowed=allowed, meant=f"{{kind: {meant}}}" if meant else ""))
    elif value.get("kind") is None:
        told = "has no value" if "kind" in value else "is missing, so nobody knows which settings belong here"
        report.wrong((*path, "kind"), Wrong(what=told, allowed=one_of(kinds), meant=_kind_of(value, kinds)))


def _kind_of(value: Mapping[str, object], kinds: Mapping[str, Kind]) -> str:
    """Guess the kind from the settings that are there, where only one kind knows all of them."""
    settings = value.keys() - COMMON
    knowing = [name for name, kind in kinds.items() if settings and settings <= set(known_keys(kind.settings_model))]
    return knowing[0] if len(knowing) == 1 else ""
