"""
One value in a file: where it stands, what it is now, and how another one is written there.

Nothing here raises with a file's text in a frame: what does not fit is a value (`NoPlace`), so that no traceback
shows a secret, neither the old nor the new one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

from rotation.domain.secret import SecretText

BOM = "\ufeff"


@final
class FileText:
    """A file's text, which holds secrets: it is not shown."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def read(self) -> str:
        """Give the text, to search in or to write."""
        return self.__text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileText) and self.__text == other.__text

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def __repr__(self) -> str:
        return "<file text>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where the one value stands, as offsets into the text; its neighbours are never touched."""

    start: int
    end: int
    value: str = field(repr=False)
    """What it means, without quotes and escapes; empty: nothing is there."""
    encode: Callable[[str], str | None] = field(repr=False)
    """Writes another value in the same style; None: that style cannot hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlace:
    """Why there is not exactly one place."""

    reason: str
    why: str


def only(found: list[Span], what: str) -> Span | NoPlace:
    """Give the one place, or why there is not exactly one."""
    if not found:
        return NoPlace(reason="place-not-found", why=f"{what} is not in the file; write it there once, with any value")
    if len(found) > 1:
        return NoPlace(reason="place-ambiguous", why=f"{what} stands {len(found)} times in the file")
    return found[0]


def line_of(text: str, offset: int) -> int:
    """Count lines from 1, for messages."""
    return text.count("\n", 0, offset) + 1


type Locate = Callable[[str, str], Span | NoPlace]
"""Finds a place in a text."""


def held(file: FileText, at: str, locate: Locate) -> SecretText | NoPlace | None:
    """Give what stands at *at*; None where it is empty."""
    span = locate(file.read(), at)
    if isinstance(span, NoPlace):
        return span
    return SecretText(span.value) if span.value else None


def put(file: FileText, at: str, text: SecretText, *, locate: Locate) -> FileText | NoPlace:
    """
    Give the file with *text* at *at* and all else byte for byte the same.

    It is parsed again: the place must be found once more, in the same spot, and hold the text.
    """
    before = file.read()
    span = locate(before, at)
    if isinstance(span, NoPlace):
        return span
    written = span.encode(text.reveal())
    if written is None:
        return NoPlace(
            reason="value-does-not-fit",
            why=f"{at} is written in a style that cannot hold this secret; put quotes around its value once",
        )
    after = before[: span.start] + written + before[span.end :]
    again = locate(after, at)
    if isinstance(again, NoPlace) or (again.start, again.value) != (span.start, text.reveal()):
        return NoPlace(reason="value-does-not-fit", why=f"with this secret {at} could not be read again")
    return FileText(after)
