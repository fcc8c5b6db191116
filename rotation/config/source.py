"""Read YAML as plain values that remember the line and column of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from rotation.config.problem import Path, Problem, Wrong, field_name

_CORE = "tag:yaml.org,2002:"
_COLLECTIONS = (_CORE + "map", _CORE + "seq")
_MOST_NODES = 50_000
"""Aliases can multiply a small text into a huge one; a real configuration has a few thousand nodes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, counted from 1."""

    line: int
    column: int


@dataclass(slots=True, kw_only=True)
class Source:
    """One text: its values, and where each of them stands."""

    name: str
    tree: dict[str, object] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    faulty: set[Path] = field(default_factory=set)
    """Paths that the problems are about."""

    def place(self, path: Path) -> Place:
        """Tell where a path stands; for one that is not in the text, where its nearest parent does."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))

    def problem(self, path: Path, wrong: Wrong, *, place: Place | None = None) -> Problem:
        """Put a fault at its place."""
        at = place or self.place(path)
        return Problem(
            source=self.name,
            line=at.line,
            column=at.column,
            field=field_name(path),
            what=wrong.what,
            allowed=wrong.allowed,
            meant=wrong.meant,
        )


class _Loader(yaml.SafeLoader):
    """
    YAML with the plain scalars of version 1.2.

    PyYAML follows 1.1, where `22:00` is the number 1320, `on` is true and `2026-12-24` a date; here they are text.
    """


_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]{1,18}\.[0-9]{1,18}$", "-+0123456789"),
    ("merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(_CORE + _kind, re.compile(_pattern), list(_first))


def read(text: str, *, name: str) -> Source:
    """
    Read *text*.

    Whatever is wrong with it as YAML stands in `problems` of the answer: syntax, keys given twice, tags, a root
    that is not a mapping. The tree then holds what could be read.
    """
    source = Source(name=name)
    try:
        node = yaml.compose(text, Loader=_Loader)
        tree = _Reading(source).value(node, ()) if node is not None else None
    except yaml.YAMLError as error:
        source.problems.append(_syntax(source, error))
        return source
    except RecursionError:
        source.problems.append(source.problem((), Wrong(what="is nested too deep to read")))
        return source
    if isinstance(tree, dict):
        source.tree = tree
    elif not source.problems:
        source.problems.append(source.problem((), _no_mapping(tree)))
    return source


def _no_mapping(tree: object) -> Wrong:
    what = "is empty" if tree is None else f"is {described(tree)}, not a mapping"
    return Wrong(what=what, allowed="keys such as `policies:` and `destinations:` (to watch only: `policies: []`)")


def _syntax(source: Source, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        said = error.problem or error.context or "cannot be read"
        hint = "spaces, never tabs" if "'\\t'" in said else ""
        return source.problem((), Wrong(what=f"is not YAML: {said}", allowed=hint), place=place)
    return source.problem((), Wrong(what=f"is not YAML: {str(error).splitlines()[0]}"))


def described(value: object) -> str:
    """Say what sort of value it is, without the value."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _plain(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    match node.tag.removeprefix(_CORE):
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
        case _:
            raise ValueError(node.tag)


class _Reading:
    """One walk over the nodes of a text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.inside: set[int] = set()
        self.nodes = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        """Give the plain value of a node and note the places below it."""
        self.source.places.setdefault(path, _place(node))
        self.nodes += 1
        if id(node) in self.inside:
            self._say(path, Wrong(what="is an alias that contains itself"), node)
            return None
        if self.nodes > _MOST_NODES:
            self._too_many(node, path)
            return None
        self.inside.add(id(node))
        try:
            return self._inner(node, path)
        finally:
            self.inside.discard(id(node))

    def _too_many(self, node: yaml.Node, path: Path) -> None:
        if self.nodes == _MOST_NODES + 1:
            self._say(path, Wrong(what="has too many values", allowed=f"at most {_MOST_NODES}, aliases counted"), node)

    def _inner(self, node: yaml.Node, path: Path) -> object:
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            self._tagged(node, path)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        try:
            return _plain(node)
        except ValueError:
            self._tagged(node, path)
            return None

    def _tagged(self, node: yaml.Node, path: Path) -> None:
        self._say(path, Wrong(what=f"has the tag {node.tag}", allowed="plain values without tags"), node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        first: dict[str, Place] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _CORE + "merge":
                merged.append(value)
                continue
            if not isinstance(key, yaml.ScalarNode):
                self._say(path, Wrong(what="a key is a list or a mapping", allowed="a word as key"), key)
                continue
            name = str(key.value)
            if name in first:
                told = f"is given twice, first in line {first[name].line}"
                self._say((*path, name), Wrong(what=told, allowed="one of the two"), key)
                continue
            first[name] = self.source.places[*path, name] = _place(key)
            found[name] = self.value(value, (*path, name))
        self._merge(merged, path, found)
        return found

    def _merge(self, nodes: list[yaml.Node], path: Path, found: dict[str, object]) -> None:
        """Take over what `<<` names; what the mapping says itself wins."""
        for node in nodes:
            parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
            for part in parts:
                if not isinstance(part, yaml.MappingNode):
                    self._say(path, Wrong(what="`<<` names no mapping", allowed="an alias of a mapping"), part)
                    continue
                self._take_over(part, path, found)

    def _take_over(self, part: yaml.MappingNode, path: Path, found: dict[str, object]) -> None:
        places = dict(self.source.places)
        taken = self.value(part, path)
        self.source.places.update(places)
        if isinstance(taken, Mapping):
            found.update({name: value for name, value in taken.items() if name not in found})

    def _say(self, path: Path, wrong: Wrong, node: yaml.Node) -> None:
        self.source.faulty.add(path)
        self.source.problems.append(self.source.problem(path, wrong, place=_place(node)))
