"""OData $filter of the sandbox's Graph: parsed once, then a predicate on documents."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.entra import dates
from sandbox.entra.answers import GraphError

type Predicate = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d[\w:.+\-]*)|([A-Za-z_$@][\w./$@]*)|([(),:]))")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}
_UNSUPPORTED = frozenset({"passwordCredentials", "notes", "web", "spa"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A predicate; `advanced` needs ConsistencyLevel: eventual and $count=true (platform.md A1)."""

    keep: Predicate
    advanced: bool


def parse_filter(text: str) -> Filter:
    """Give the filter, or GraphError 400 for what Graph does not take."""
    parser = _Parser(_tokens(text))
    keep = parser.either()
    if parser.tokens:
        raise _bad(f"Syntax error: unexpected '{parser.tokens[0]}' in '{text}'.")
    return Filter(keep=keep, advanced=parser.advanced)


def _bad(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", f"Invalid filter clause: {message}")


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text.rstrip()):
        token = _TOKEN.match(text, position)
        if token is None:
            raise _bad(f"There is an unterminated string literal at position {position} in '{text}'.")
        found.append(token.group().strip())
        position = token.end()
    return found


class _Parser:
    """Recursive descent: or, and, not, parentheses, comparisons, startswith/endswith, any()."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.advanced = False
        self._variables: list[str] = []

    def either(self) -> Predicate:
        parts = [self._all()]
        while self._skip("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda d: any(p(d) for p in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._skip("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda d: all(p(d) for p in parts)

    def _one(self) -> Predicate:
        if self._skip("not"):
            self.advanced = True
            inner = self._one()
            return lambda d: not inner(d)
        if self._skip("("):
            inner = self.either()
            self._expect(")")
            return inner
        return self._test()

    def _test(self) -> Predicate:
        name = self._take()
        if name.lower() in {"startswith", "endswith"}:
            return self._affix(name.lower())
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        read = self._path(name)
        operator = self._take().lower()
        if operator == "in":
            return self._in(read)
        if operator not in _COMPARE:
            raise _bad(f"'{operator}' is not supported.")
        self.advanced = self.advanced or operator == "ne" or name.endswith("/$count")
        wanted, compare = _literal(self._take()), _COMPARE[operator]
        return lambda d: compare(_comparable(read(d), wanted), wanted)

    def _in(self, read: Callable[[Mapping[str, Any]], Any]) -> Predicate:
        self._expect("(")
        wanted = [_literal(self._take())]
        while self._skip(","):
            wanted.append(_literal(self._take()))
        self._expect(")")
        return lambda d: any(_comparable(read(d), w) == w for w in wanted)

    def _affix(self, name: str) -> Predicate:
        self._expect("(")
        read = self._path(self._take())
        self._expect(",")
        wanted = str(_literal(self._take()))
        self._expect(")")
        if name == "endswith":
            self.advanced = True
            return lambda d: str(read(d) or "").lower().endswith(wanted)
        return lambda d: str(read(d) or "").lower().startswith(wanted)

    def _any(self, collection: str) -> Predicate:
        read = self._path(collection)
        self._expect("(")
        variable = self._take()
        self._expect(":")
        self._variables.append(variable)
        inner = self.either()
        self._variables.pop()
        self._expect(")")
        return lambda d: any(inner({**d, variable: item}) for item in read(d) or ())

    def _path(self, name: str) -> Callable[[Mapping[str, Any]], Any]:
        first, *rest = name.split("/")
        if first in _UNSUPPORTED:
            raise GraphError(
                400,
                "Request_UnsupportedQuery",
                f"Unsupported or invalid query filter clause specified for property '{first}'.",
            )
        if rest == ["$count"]:
            return lambda d: len(d.get(first) or ())
        return lambda d: _walk(d.get(first), rest)

    def _take(self) -> str:
        if not self.tokens:
            raise _bad("Syntax error: unexpected end.")
        return self.tokens.pop(0)

    def _skip(self, token: str) -> bool:
        if self.tokens and self.tokens[0].lower() == token:
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            raise _bad(f"Syntax error: '{token}' expected.")


def _walk(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'").lower()
    constants = {"null": None, "true": True, "false": False}
    if token.lower() in constants:
        return constants[token.lower()]
    try:
        return int(token) if token.isdigit() else dates.parse(token)
    except ValueError:
        return token.lower()


def _comparable(value: Any, wanted: Any) -> Any:
    """Strings are compared without case, instants as instants."""
    if isinstance(wanted, datetime):
        return dates.parse(value) if isinstance(value, str) else None
    if isinstance(value, str):
        return value.lower()
    return value
