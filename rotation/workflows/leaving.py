"""Leave: release every line, and tell every end date that somebody must watch from then on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rotation.domain.errors import NotFound, Retryable, Superseded
from rotation.domain.identifiers import KeyId, LineId
from rotation.workflows.enrolling import release
from rotation.workflows.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One secret that nobody rotates any more."""

    application: str
    name: str
    line: LineId
    key_id: KeyId
    ends_at: datetime
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What was released, and what somebody must now watch, earliest end first."""

    released: tuple[LineId, ...]
    watch: tuple[Watched, ...]
    later: tuple[str, ...]
    """Lines that somebody works on now, and why: run it again."""


async def release_all(services: Services, *, by: str, where: str = "") -> Left:
    """
    Release every line; nothing is removed anywhere.

    It may be run again: what was released already is passed over, and what dies in the middle is found by the next run.
    """
    released: list[LineId] = []
    watch: list[Watched] = []
    later: list[str] = []
    for entry in [entry async for entry in services.lines.all()]:
        try:
            held = await release(services, entry.id, by=by, where=where)
        except NotFound:  # released before, and its entry in the index outlived a crash
            await services.lines.drop(entry.id)
            continue
        except (Retryable, Superseded) as error:
            later.append(f"{entry.display_name}/{entry.id.name}: {error.message}")
            continue
        released.append(entry.id)
        watch += [
            Watched(
                application=entry.id.application,
                name=entry.display_name,
                line=entry.id,
                key_id=key.key_id,
                ends_at=key.end_at,
                current=key.key_id == entry.current,
            )
            for key in held
        ]
    return Left(released=tuple(released), watch=_by_end(watch), later=tuple(later))


def _by_end(watch: Sequence[Watched]) -> tuple[Watched, ...]:
    return tuple(sorted(watch, key=lambda each: (each.ends_at, each.name, each.key_id)))
