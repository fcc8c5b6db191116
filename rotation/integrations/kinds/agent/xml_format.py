"""
Find one text or attribute in an XML file, leaving everything around it byte for byte.

A place is an absolute path, each step of which may ask for one attribute:
`/configuration/appSettings/add[@key='ClientSecret']/@value`, `/settings/entra/secret`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from xml.parsers import expat
from xml.sax.saxutils import escape, unescape

from rotation.integrations.kinds.agent.place import NoPlace, Span, only

_NAME = r"[A-Za-z_][\w.:-]*"
_CONDITION = rf"\[@(?P<key>{_NAME})='(?P<value>[^']*)'\]"
_STEP = re.compile(rf"(?P<name>{_NAME})(?:{_CONDITION})?")
_UNNAMED = re.sub(r"\?P<\w+>", "?:", _STEP.pattern)
PLACE = re.compile(rf"(?:/{_UNNAMED})+(?:/@{_NAME})?")
_ATTRIBUTE = re.compile(rf"\s+(?P<name>{_NAME})\s*=\s*(?P<quoted>\"[^\"]*\"|'[^']*')")
_OPENING = re.compile(rf"<{_NAME}")
_QUOTES = {'"': "&quot;", "'": "&apos;"}
_ENTITIES = {entity: quote for quote, entity in _QUOTES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    key: str = ""
    value: str = ""

    def fits(self, name: str, attributes: Mapping[str, str]) -> bool:
        return name == self.name and (not self.key or attributes.get(self.key) == self.value)


class _Forbidden(Exception):
    """The file declares a document type, whose entities could stand for anything."""


@dataclass(slots=True)
class _Elements:
    """Follows the parser, and notes where elements on the path open and close, as offsets into the UTF-8 bytes."""

    steps: Sequence[_Step]
    fits: list[bool] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    found: list[tuple[int, int]] = field(default_factory=list)
    parser: expat.XMLParserType = field(default_factory=expat.ParserCreate)

    def read(self, text: str) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.Parse(text, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self.fits)
        above = depth == 0 or self.fits[-1]
        self.fits.append(above and depth < len(self.steps) and self.steps[depth].fits(name, attributes))
        self.opened.append(self.parser.CurrentByteIndex)

    def _end(self, _name: str) -> None:
        fits, opened = self.fits.pop(), self.opened.pop()
        if fits and len(self.fits) + 1 == len(self.steps):
            self.found.append((opened, self.parser.CurrentByteIndex))

    def _doctype(self, *_: object) -> None:
        raise _Forbidden


def xml_text(text: str, at: str) -> Span | NoPlace:
    """Find the one element's text, or its attribute, that *at* leads to."""
    path, _, attribute = at.partition("/@")
    elements = _Elements([_step(part) for part in re.findall(r"/((?:[^/\[]|\[[^\]]*\])+)", path)])
    broken = _parse(elements, text)
    if broken:
        return NoPlace(reason="file-unreadable", why=broken)
    as_bytes = text.encode()
    spans: list[Span] = []
    for opened, closed in elements.found:
        places = len(as_bytes[:opened].decode()), len(as_bytes[:closed].decode())
        span = _attribute(text, places[0], attribute) if attribute else _content(text, *places)
        if isinstance(span, NoPlace):
            return span
        spans += [span] if span else []
    return only(spans, at)


def _step(part: str) -> _Step:
    found = _STEP.fullmatch(part)
    return _Step(name=found["name"], key=found["key"] or "", value=found["value"] or "") if found else _Step(name="")


def _parse(elements: _Elements, text: str) -> str:
    """Read the document; give what is wrong with it, without the parser's error, whose frames hold the text."""
    try:
        elements.read(text)
    except _Forbidden:
        return "it declares a DOCTYPE"
    except expat.ExpatError as error:
        return f"it is no XML in line {error.lineno}"
    return ""


def _attribute(text: str, opened: int, wanted: str) -> Span | None:
    at = _after_name(text, opened)
    while (found := _ATTRIBUTE.match(text, at)) is not None:
        if found["name"] == wanted:
            start, quote = found.start("quoted"), found["quoted"][0]
            value = unescape(found["quoted"][1:-1], _ENTITIES)
            encode = partial(_escaped, also={quote: _QUOTES[quote]})
            return Span(start=start + 1, end=found.end() - 1, value=value, encode=encode)
        at = found.end()
    return None


def _content(text: str, opened: int, closed: int) -> Span | NoPlace:
    at = _after_name(text, opened)
    while (found := _ATTRIBUTE.match(text, at)) is not None:
        at = found.end()
    start = text.index(">", at) + 1
    inner = text[start:closed]
    if text[start - 2] == "/" or "<" in inner:
        return NoPlace(
            reason="place-not-found", why="the element is self-closing or holds more than text; write a text there once"
        )
    lead = len(inner) - len(inner.lstrip())
    value = inner.strip()
    return Span(start=start + lead, end=start + lead + len(value), value=unescape(value, _ENTITIES), encode=_text)


def _after_name(text: str, opened: int) -> int:
    found = _OPENING.match(text, opened)
    return opened if found is None else found.end()


def _text(value: str) -> str | None:
    return escape(value) if value == value.strip() else None


def _escaped(value: str, *, also: dict[str, str]) -> str:
    return escape(value, also)
