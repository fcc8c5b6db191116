"""
Find one text in a JSON file by its JSON Pointer (RFC 6901), leaving comments and layout alone.

Comments and trailing commas are allowed, as .NET reads appsettings.json. An own scanner, because json.loads tells
no offsets and drops comments and duplicate keys.
"""

import json
import re
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

from rotation.integrations.kinds.agent.place import NoPlace, Span, line_of, only

POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
DEEPEST = 64
_GAP = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_PLAIN = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_CLOSING = {"{": "}", "[": "]"}
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    path: tuple[str, ...]
    start: int
    end: int


type _Leaves = Generator[_Leaf, None, int]
"""Gives leaves, and returns the offset after the last of them."""


class _Broken(Exception):
    """The text is no JSON at this offset."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def json_text(text: str, at: str) -> Span | NoPlace:
    """Find the text (or null) that the pointer *at* leads to."""
    wanted = tuple(step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:])
    leaves = _leaves(text)
    if isinstance(leaves, NoPlace):
        return leaves
    found = [leaf for leaf in leaves if leaf.path == wanted]
    if any(text[leaf.start] not in '"n' for leaf in found):
        return NoPlace(reason="place-not-found", why=f"{at} is no text")
    return only([_span(text, leaf) for leaf in found], at)


def _leaves(text: str) -> list[_Leaf] | NoPlace:
    """Read the whole document."""
    try:
        return list(_document(text))
    except _Broken as error:
        line = line_of(text, error.at)
    return NoPlace(reason="file-unreadable", why=f"it is no JSON in line {line}")


def _span(text: str, leaf: _Leaf) -> Span:
    value = _string(text, leaf.start)[0] if text[leaf.start] == '"' else ""
    return Span(start=leaf.start, end=leaf.end, value=value, encode=_quoted)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _document(text: str) -> _Leaves:
    end = _gap(text, (yield from _value(text, 0, ())))
    if end != len(text):
        raise _Broken(end)
    return end


def _value(text: str, start: int, path: tuple[str, ...]) -> _Leaves:
    at = _gap(text, start)
    opening = text[at : at + 1]
    if opening in _CLOSING and len(path) < DEEPEST:
        return (yield from _members(text, at, path))
    end = _string(text, at)[1] if opening == '"' else _plain(text, at)
    yield _Leaf(path=path, start=at, end=end)
    return end


def _members(text: str, opening: int, path: tuple[str, ...]) -> _Leaves:
    """Read an object or an array up to its closing bracket."""
    is_object, closing = text[opening] == "{", _CLOSING[text[opening]]
    at, count = _gap(text, opening + 1), 0
    while text[at : at + 1] != closing:
        key, at = _key(text, at) if is_object else (str(count), at)
        at = _gap(text, (yield from _value(text, at, (*path, key))))
        count += 1
        if text[at : at + 1] == ",":
            at = _gap(text, at + 1)
        elif text[at : at + 1] != closing:
            raise _Broken(at)
    return at + 1


def _key(text: str, at: int) -> tuple[str, int]:
    name, at = _string(text, at)
    at = _gap(text, at)
    if text[at : at + 1] != ":":
        raise _Broken(at)
    return name, at + 1


def _string(text: str, at: int) -> tuple[str, int]:
    """Read a string; what the library finds wrong is told without its error, which holds the document."""
    if text[at : at + 1] == '"':
        with suppress(json.JSONDecodeError):
            read: tuple[str, int] = _DECODER.raw_decode(text, at)
            return read
    raise _Broken(at)


def _plain(text: str, at: int) -> int:
    found = _PLAIN.match(text, at)
    if found is None:
        raise _Broken(at)
    return found.end()


def _gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return at if found is None else found.end()
