"""Find one value in a .env or .ini file; comments, order and line ends stay as they are."""

import re
from collections.abc import Iterator

from rotation.integrations.kinds.agent.place import BOM, NoPlace, Span, line_of, only

NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
INI_PLACE = re.compile(r"(?:\[(?P<section>[^\]\r\n]+)\] )?(?P<key>[^\s=:;#\[][^=:\r\n]*)")
_ASSIGNED = re.compile(rf"[ \t]*(?:export[ \t]+)?(?P<name>{NAME})[ \t]*=[ \t]*")
_QUOTED = {'"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL), "'": re.compile(r"'([^']*)'")}
_BARE = re.compile(r"[^\r\n]*")
_SAFE = re.compile(r"(?!~)[A-Za-z0-9_.~+/=@%,^-]+")
"""What shells, systemd and the usual libraries read as it stands; a leading ~ means a home folder to a shell."""
_ESCAPED = re.compile(r"\\([\"\\$`])")
_SECTION = re.compile(r"[ \t]*\[(?P<name>[^\]\r\n]+)\]")
_OPTION = re.compile(r"[ \t]*(?P<key>[^\s=:;#\[][^=:\r\n]*?)[ \t]*[=:][ \t]*")


def dotenv(text: str, at: str) -> Span | NoPlace:
    """Find the variable *at*; a quoted value may run over lines, and what stands inside one is no variable."""
    found: list[Span] = []
    for name, span in _variables(text):
        if isinstance(span, NoPlace):
            return span
        if name == at:
            found.append(span)
    return only(found, at)


def ini(text: str, at: str) -> Span | NoPlace:
    """Find `[section] key`, or `key` before all sections; keys are compared without regard to case, as readers do."""
    wanted = INI_PLACE.fullmatch(at)
    if wanted is None:
        return only([], at)
    section, found = None, []
    for start, end in _lines(text):
        if (header := _SECTION.match(text, start, end)) is not None:
            section = header["name"].strip()
        elif (
            (option := _OPTION.match(text, start, end)) is not None
            and section == wanted["section"]
            and option["key"].casefold() == wanted["key"].strip().casefold()
        ):
            found.append(_value(text, option.end(), end))
    return only(found, at)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Give where each line starts and ends, without its line end."""
    start = len(BOM) if text.startswith(BOM) else 0
    while start < len(text):
        end = _BARE.match(text, start).end()  # type: ignore[union-attr]  # it matches the empty text too
        yield start, end
        start = end + 1


def _variables(text: str) -> Iterator[tuple[str, Span | NoPlace]]:
    after = 0
    for start, end in _lines(text):
        assigned = _ASSIGNED.match(text, start, end) if start >= after else None
        if assigned is None:
            continue
        at = assigned.end()
        if text[at : at + 1] in _QUOTED and _QUOTED[text[at]].match(text, at) is None:
            why = f"the quotation that opens in line {line_of(text, at)} is never closed"
            yield assigned["name"], NoPlace(reason="file-unreadable", why=why)
            return
        span = _value(text, at, end)
        after = span.end
        yield assigned["name"], span


def _value(text: str, at: int, end: int) -> Span:
    """Read a value that starts at *at*: quoted, or bare up to a comment."""
    quote = text[at : at + 1]
    quoted = _QUOTED[quote].match(text, at) if quote in _QUOTED else None
    if quoted is not None:
        inner = quoted[1] if quote == "'" else _ESCAPED.sub(r"\1", quoted[1])
        return Span(start=at, end=quoted.end(), value=inner, encode=_single if quote == "'" else _double)
    bare = re.split(r"(?:^|[ \t]+)[#;]", text[at:end], maxsplit=1)[0].rstrip()
    return Span(start=at, end=at + len(bare), value=bare, encode=_bare)


def _bare(value: str) -> str | None:
    return value if _SAFE.fullmatch(value) else None


def _single(value: str) -> str | None:
    return None if re.search(r"['\r\n]", value) else f"'{value}'"


def _double(value: str) -> str | None:
    """Give it in double quotes; what a reader would expand or escape there is refused rather than guessed at."""
    return None if re.search(r'["\\$`\r\n]', value) else f'"{value}"'
