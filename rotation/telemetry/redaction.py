"""
The last line of defence: take away what looks like a secret, or like a person, from all that leaves the process.

The first line is that nothing of the kind is ever said (protocol.md, invariant 6). This one errs on the side of too
much: a mangled log line costs a minute, a secret in a log costs a rotation of everything.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

GONE = "<redacted>"
LONGEST = 8192
"""Of a text that is told; a traceback may be longer, and its end is what matters."""

_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_ADDRESS = re.compile(
    r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@\"'<>]*@)?([^\s/?#\"'<>]+)([^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE
)
_NAMED = re.compile(
    r"""(?ix)
    \b((?:[\w-]*(?:secret(?:[_-]?text)?|password|passwd|pwd|token|api[_-]?key|access[_-]?key|account[_-]?key|signature
        |credential|authorization|assertion|cookie))|sig|code|x-functions-key)
    (["']?\s*[=:]\s*["']?)
    (?:(?:bearer|basic|shared\w*)\s+)?
    (?!<)[^\s"',;&<>]{4,}
    """
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_TOKEN = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?")
_ENTRA = re.compile(r"[\w~.-]{3}\dQ~[\w~.-]{20,}")
_MAIL = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"[A-Za-z0-9_~+=-]{24,}")
_ID = re.compile(
    r"(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]+|[0-9A-F-]+)"
)


def clean(text: str) -> str:
    """Give *text* without what looks like a secret, a query string or a mail address; ids stay."""
    if len(text) > LONGEST:
        text = f"... {text[-LONGEST:]}"
    text = _PEM.sub(GONE, text)
    text = _ADDRESS.sub(rf"\1\2\3?{GONE}", text)
    text = _TOKEN.sub(GONE, text)
    text = _BEARER.sub(rf"\1 {GONE}", text)
    text = _ENTRA.sub(GONE, text)
    text = _NAMED.sub(rf"\1\2{GONE}", text)
    text = _MAIL.sub("<address>", text)
    return _WORD.sub(lambda word: GONE if _random(word[0]) else word[0], text)


def _random(word: str) -> bool:
    """Tell whether a long word mixes capitals, small letters and digits as a key does and an id or a name does not."""
    if _ID.fullmatch(word):
        return False
    kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", r"\d"))
    changes = sum(one.isalpha() != other.isalpha() for one, other in pairwise(word))
    return kinds == 3 and changes > 3  # noqa: PLR2004  # all three kinds, and more often mixed than `version2Of`


type Told = str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]
"""What an attribute may hold."""


def clean_value(value: object) -> Told:
    """Give a value that an attribute may hold; whatever is neither number nor truth becomes clean text."""
    match value:
        case bool() | int() | float():
            return value
        case str():
            return clean(value)
        case list() | tuple() | set() | frozenset():
            return tuple(clean(str(each)) for each in value)
        case _:
            return clean(_shown(value))


def _shown(value: object) -> str:
    """Show a value that may refuse to be shown, as secret text does."""
    try:
        return str(value)
    except TypeError:
        return GONE


def clean_all(values: Mapping[str, object] | None) -> dict[str, Told]:
    """Give clean attributes; None stays away."""
    return {clean(str(name)): clean_value(value) for name, value in (values or {}).items() if value is not None}
