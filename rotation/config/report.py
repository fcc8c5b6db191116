"""Gather every problem of one file, and read its parts so that one fault does not hide another."""

from collections.abc import Sequence
from copy import deepcopy

from pydantic import BaseModel, ValidationError

from rotation.config.complaints import complaint, steps_of
from rotation.config.problem import ConfigurationRefused, Path, Problem, Wrong
from rotation.config.source import Source


class Report:
    """What is wrong, and what is only worth saying, each at its place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems = list(source.problems)
        self._warnings: list[Problem] = []
        self._faulty = set(source.faulty)

    def wrong(self, path: Path, wrong: Wrong) -> None:
        """Note a fault; the first one at a path is the one that is told."""
        if path not in self._faulty:
            self._faulty.add(path)
            self._problems.append(self._source.problem(path, wrong))

    def warn(self, path: Path, wrong: Wrong) -> None:
        """Note something that is allowed and probably not what somebody wants."""
        self._warnings.append(self._source.problem(path, wrong))

    def sound(self, *paths: Path) -> bool:
        """Tell whether nothing at or below any of the paths is wrong, so that conclusions may be drawn from it."""
        return not any(faulty[: len(path)] == path for faulty in self._faulty for path in paths)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is worth saying, in the order of the file."""
        return tuple(sorted(self._warnings, key=_by_place))

    def settle(self) -> None:
        """
        End the reading.

        Raises:
            ConfigurationRefused: Something is wrong; it holds everything, in the order of the file.
        """
        if self._problems:
            raise ConfigurationRefused(sorted(self._problems, key=_by_place))

    def part[Part: BaseModel](self, model: type[Part], value: object, path: Path) -> Part | None:
        """
        Read one part of the file.

        What is faulty is noted and left out, so that the rest of the part can still be checked; None where nothing
        can be made of what remains.
        """
        try:
            return model.model_validate(value)
        except ValidationError as error:
            faulty = self._note(error, model, value, path=path)
        try:
            return model.model_validate(_without(value, faulty))
        except ValidationError:  # what else is missing follows from what has been noted
            return None

    def _note(self, error: ValidationError, model: type[BaseModel], value: object, *, path: Path) -> list[Path]:
        faulty = []
        for finding in error.errors(include_url=False):
            missing = finding["type"] in ("missing", "union_tag_not_found")
            inner = _within(value, steps_of(finding), missing=missing)
            self.wrong((*path, *inner), complaint(finding, model))
            faulty.append(inner[:-1] if missing else inner)
        return faulty


def _by_place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _within(value: object, steps: Path, *, missing: bool) -> Path:
    """Keep the steps that the file has; pydantic puts names of alternatives between them."""
    kept: list[str | int] = []
    for place, step in enumerate(steps):
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
                kept.append(step)
            case list(), int() if step < len(value):
                value = value[step]
                kept.append(step)
            case _ if missing and place == len(steps) - 1:
                kept.append(step)
    return tuple(kept)


def _without(value: object, faulty: Sequence[Path]) -> object:
    """Leave out the keys under which something is faulty."""
    copy = deepcopy(value)
    for path in faulty:
        keys = [place for place, step in enumerate(path) if isinstance(step, str)]
        if keys:
            _remove(copy, path[: keys[-1] + 1])
    return copy


def _remove(value: object, path: Path) -> None:
    for step in path[:-1]:
        match value, step:
            case dict(), str() if step in value:
                value = value[step]
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return
    if isinstance(value, dict):
        value.pop(path[-1], None)
