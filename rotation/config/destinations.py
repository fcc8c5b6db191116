"""Read `destinations:`; the settings of each are checked by its kind's own model."""

from collections.abc import Mapping
from types import MappingProxyType

from rotation.config.kinds import Kind
from rotation.config.model import DestinationPart
from rotation.config.problem import Path, Wrong, nearest, one_of
from rotation.config.report import Report
from rotation.domain.identifiers import AudienceName, DestinationName
from rotation.domain.policy import Destination

COMMON = frozenset(DestinationPart.model_fields)
"""Keys that every destination has; no kind may call a setting so."""


def destination(name: str, value: object, *, kinds: Mapping[str, Kind], report: Report) -> Destination | None:
    """Read one destination; None where something about it is wrong, which the report then knows."""
    path: Path = ("destinations", name)
    part = report.part(DestinationPart, value, path)
    if part is None:
        return None
    kind = kinds.get(part.kind)
    if kind is None:
        wrong = Wrong(what=f"there is no kind '{part.kind}'", allowed=one_of(kinds), meant=nearest(part.kind, kinds))
        report.wrong((*path, "kind"), wrong)
        return None
    settings = dict(part.model_extra or {})
    if report.part(kind.settings_model, settings, path) is None or not report.sound(path):
        return None
    return Destination(
        name=DestinationName(name),
        kind=part.kind,
        settings=MappingProxyType(settings),
        fingerprint=kind.fingerprint(settings),
        settles_in=kind.settles_in if part.settles_in is None else part.settles_in,
        approval=kind.default_approval(settings) if part.approval is None else part.approval,
        audience=AudienceName(part.audience) if part.audience else None,
    )
