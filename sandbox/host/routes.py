"""
Route templates as ASP.NET reads them: `apps/{id:guid}/{view?}/{*rest}`.

Literals ignore case; a segment is a literal or one parameter with constraints, a default (`{size=10}`), or `?`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(
    r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?P<constraints>(?::[^:={}?(]+(?:\([^()]*\))?)*)"
    r"(?:=(?P<default>[^{}]*)|(?P<optional>\?))?\}"
)
_CONSTRAINT = re.compile(r":(?P<kind>[^:(]+)(?:\((?P<argument>[^()]*)\))?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_INT32, _INT64 = 2**31, 2**63

type Check = Callable[[str], bool]


class RouteError(ValueError):
    """Say why a template cannot be read."""


def _within(text: str, bound: int) -> bool:
    return re.fullmatch(r"[+-]?\d+", text) is not None and -bound <= int(text) < bound


def _numbers(argument: str) -> list[int]:
    return [int(number) for number in argument.split(",")]


_PLAIN_CHECKS: Mapping[str, Check] = {
    "int": lambda text: _within(text, _INT32),
    "long": lambda text: _within(text, _INT64),
    "guid": lambda text: re.fullmatch(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}", text) is not None,
    "bool": lambda text: text.lower() in {"true", "false"},
    "alpha": lambda text: re.fullmatch(r"[A-Za-z]*", text) is not None,
    "decimal": lambda text: _NUMBER.fullmatch(text) is not None,
    "double": lambda text: _NUMBER.fullmatch(text) is not None,
    "float": lambda text: _NUMBER.fullmatch(text) is not None,
    "required": bool,
}
_SIZED_CHECKS: Mapping[str, Callable[[str, list[int]], bool]] = {
    "length": lambda text, sizes: sizes[0] <= len(text) <= sizes[-1],
    "minlength": lambda text, sizes: len(text) >= sizes[0],
    "maxlength": lambda text, sizes: len(text) <= sizes[0],
    "min": lambda text, sizes: _within(text, _INT64) and int(text) >= sizes[0],
    "max": lambda text, sizes: _within(text, _INT64) and int(text) <= sizes[0],
    "range": lambda text, sizes: _within(text, _INT64) and sizes[0] <= int(text) <= sizes[-1],
}


def _check(kind: str, argument: str | None) -> Check:
    if argument is None and kind in _PLAIN_CHECKS:
        return _PLAIN_CHECKS[kind]
    if argument is not None and kind in _SIZED_CHECKS:
        sizes = _numbers(argument)
        return lambda text: _SIZED_CHECKS[kind](text, sizes)
    if argument is not None and kind == "regex":
        return lambda text: re.search(argument, text, re.IGNORECASE) is not None
    raise RouteError(f"The constraint '{kind}' could not be resolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """One part between slashes: a literal, or a parameter `name`."""

    literal: str = ""
    name: str = ""
    takes_rest: bool = False
    may_be_absent: bool = False
    default: str | None = None
    checks: tuple[Check, ...] = ()

    def accepts(self, text: str) -> bool:
        if not self.name:
            return text.lower() == self.literal.lower()
        return all(check(text) for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTemplate:
    """Match paths; build it with `parse`."""

    text: str
    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, text: str) -> "RouteTemplate":
        """Read a template; RouteError says what is wrong."""
        parts = [part for part in text.strip("/").split("/") if part]
        segments = tuple(_segment(part) for part in parts)
        for position, segment in enumerate(segments[:-1], start=1):
            follows = segments[position]
            if segment.takes_rest or (segment.may_be_absent and not follows.may_be_absent):
                raise RouteError(f"'{text}': only the last parameters may be optional or catch-all")
        return cls(text=text.strip("/"), segments=segments)

    @property
    def first_literal(self) -> str:
        return self.segments[0].literal.lower() if self.segments else ""

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters of a raw (still percent-encoded) path below the prefix, or None."""
        parts = [unquote(part) for part in path.strip("/").split("/")] if path.strip("/") else []
        found: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if segment.takes_rest:
                parts[position:] = ["/".join(parts[position:])] if parts[position:] else []
            if position >= len(parts):
                if not segment.may_be_absent:
                    return None
                found.update({segment.name: segment.default} if segment.default is not None else {})
            elif not segment.accepts(parts[position]):
                return None
            elif segment.name:
                found[segment.name] = parts[position]
        return found if len(parts) <= len(self.segments) else None


def _segment(part: str) -> _Segment:
    if "{" not in part and "}" not in part:
        return _Segment(literal=part)
    found = _PARAMETER.fullmatch(part)
    if found is None:
        raise RouteError(f"'{part}' is not a literal or one parameter")
    constraints = _CONSTRAINT.finditer(found["constraints"])
    return _Segment(
        name=found["name"],
        takes_rest=bool(found["rest"]),
        may_be_absent=bool(found["rest"] or found["optional"]) or found["default"] is not None,
        default=found["default"],
        checks=tuple(_check(one["kind"], one["argument"]) for one in constraints),
    )
