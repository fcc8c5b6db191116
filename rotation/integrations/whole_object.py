"""
Change one value of an object that its service takes and gives only whole (integrations.md B3).

App settings, variable groups, service connections, connection options: what a write leaves out is deleted there. So an
object is read, exactly one path is changed, the difference is checked, it is written with its etag where it has one
(else under the lease on `Destination.resource`), read again, and held against the first reading.

Nothing in here is ever shown: beside our value stand other people's secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from rotation.domain.errors import DestinationRefused, RotationError, Unavailable

type Path = tuple[str, ...]
"""Keys from the outside in, such as `("properties", "CLIENT_SECRET")`."""

ROUNDS = 4
"""How often a write that lost a race is read and done again, before others get their turn."""
TOLD = 5
"""How many paths a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One reading of an object; its repr tells nothing of what is in it."""

    content: Mapping[str, Any] = field(repr=False)
    etag: str | None = None


class Place(Protocol):
    """How a kind reads and writes its object."""

    async def read(self) -> Whole:
        """Read it whole."""
        ...

    async def write(self, whole: Whole) -> bool:
        """
        Write it whole, with its etag where it has one.

        Returns:
            False: somebody else wrote meanwhile (409 or 412), and nothing was done.

        Raises:
            OutcomeUnknown: The answer was lost.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path and what becomes of it."""

    path: Path
    new: Callable[[Any], Any] = field(repr=False)
    """Gives the new value from the one that is there (None: there is none); raises nothing."""
    refuses: Callable[[Whole], RotationError | None] = field(default=lambda _whole: None, repr=False)
    """Tells why what was read is no place for it, and says nothing of what lies there."""
    is_there: Callable[[Any], bool] = field(default=lambda _old: False, repr=False)
    """Tells whether the value is there already, so that nothing is written; write-only stores cannot tell."""
    by_itself: frozenset[Path] = frozenset()
    """What the service changes on each write: revision, who, when."""


async def change_one(place: Place, change: Change) -> bool:
    """
    Change exactly one path of what lies at *place*, and prove that nothing else changed.

    Returns:
        False: the value was there already, and nothing was written.

    Raises:
        DestinationRefused: `other-change` (the object is other than before in more than the one path),
            `unexpected-shape`.
        RotationError: What `change.refuses` says.
        Unavailable: Others wrote in between, again and again.
    """
    for _round in range(ROUNDS):
        before = await place.read()
        if (refused := change.refuses(before)) is not None:
            raise refused
        if change.is_there(value_at(before, change.path)):
            return False
        after = _changed(before, change)
        _hold_together(before, after, frozenset({change.path}), when="what would be written")
        if await place.write(after):
            allowed = change.by_itself | {change.path}
            _hold_together(before, await place.read(), allowed, when="what is there after the write")
            return True
    raise Unavailable(f"others changed it {ROUNDS} times while it was to be written", reason="conflict")


def value_at(whole: Whole, path: Path) -> Any:
    """Give what lies at *path*; None where there is nothing."""
    found: Any = whole.content
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _changed(before: Whole, change: Change) -> Whole:
    for length in range(len(change.path)):
        if not isinstance(value_at(before, change.path[:length]), Mapping):
            where = ".".join(change.path[:length]) or "it"
            raise DestinationRefused(
                f"{where} is not of the form that we know: {change.path[length]!r} has no place in there",
                reason="unexpected-shape",
            )
    content = _replaced(before.content, change.path, change.new(value_at(before, change.path)))
    return Whole(content=content, etag=before.etag)


def _replaced(content: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Copy along *path* only: what is beside it stays the very same. Raises nothing: its locals are secrets."""
    first, *rest = path
    return {**content, first: _replaced(content[first], tuple(rest), value) if rest else value}


def _hold_together(one: Whole, other: Whole, allowed: frozenset[Path], *, when: str) -> None:
    strange = differences(_canonical(one.content, allowed), _canonical(other.content, allowed))
    if strange:
        more = f" and {len(strange) - TOLD} more" if len(strange) > TOLD else ""
        raise DestinationRefused(
            f"{when} is other than before in more than the one value: {', '.join(strange[:TOLD])}{more}",
            reason="other-change",
        )


def _canonical(content: Mapping[str, Any], paths: frozenset[Path]) -> dict[str, Any]:
    """Copy without what lies at *paths*, and without what is null: services tell null and nothing alike."""
    here = {path[0] for path in paths if len(path) == 1}
    below = {key: frozenset(path[1:] for path in paths if len(path) > 1 and path[0] == key) for key in content}
    return {
        key: _canonical(value, below[key]) if isinstance(value, Mapping) else value
        for key, value in content.items()
        if key not in here and value is not None
    }


def differences(one: Any, other: Any, at: Path = ()) -> list[str]:
    """Name the paths that differ, without their values; a list counts as one value."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return [
            path
            for key in sorted({*one, *other})
            for path in (
                differences(one[key], other[key], (*at, key)) if key in one and key in other else [".".join((*at, key))]
            )
        ]
    return [] if one == other and type(one) is type(other) else [".".join(at)]
