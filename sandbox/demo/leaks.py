"""Search for secret texts where none may be: raw, base64, URL-encoded, JSON-escaped."""

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from sandbox.running.books import Piece

SHORTEST = 16
"""Shorter texts (the app's own word "reserved" in a disabled version) are no secrets, and stand everywhere."""
_ALIGNMENTS = 3


def leaks(texts: Iterable[str], pieces: Iterable[Piece]) -> list[str]:
    """Tell where any of *texts* was found and in which form, never the text itself; empty is good."""
    wanted: dict[bytes, str] = {}
    for text in texts:
        for name, form in _forms(text) if len(text) >= SHORTEST else ():
            wanted.setdefault(form, name)
    found = []
    for where, content in pieces:
        found += sorted({f"{where}: a secret text, {name}" for form, name in wanted.items() if form in content})
    return found


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode()
    yield "raw", raw
    yield "JSON-escaped", json.dumps(text)[1:-1].encode()
    for encoded in (quote(text, safe=""), quote_plus(text), quote(text, safe="").replace("~", "%7E")):
        yield "URL-encoded", encoded.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(_ALIGNMENTS):
            yield "base64", _inner(encode(b"x" * shift + raw), shift)


def _inner(encoded: bytes, shift: int) -> bytes:
    """Cut off what depends on neighbours, so that the text is found inside something larger too."""
    start = 0 if shift == 0 else 4
    return encoded.rstrip(b"=")[start:-1]
