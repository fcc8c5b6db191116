"""What is wrong with a configuration, where it stands, and what would be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from rotation.domain.errors import Misconfigured

type Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A fault without its place: what is so, what is allowed, and what was probably meant."""

    what: str
    allowed: str = ""
    meant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault at its place; as text it has the three lines of ux.md, Terminal. Lines and columns count from 1."""

    source: str
    line: int
    column: int
    field: str
    what: str
    allowed: str = ""
    meant: str = ""

    def __str__(self) -> str:
        subject = f"{self.field}: {self.what}" if self.field else self.what
        lines = [f"{self.source}:{self.line}:{self.column}  {subject}"]
        lines += [f"    allowed: {self.allowed}"] if self.allowed else []
        lines += [f"    meant?   {self.meant}"] if self.meant else []
        return "\n".join(lines)


class ConfigurationRefused(Misconfigured):
    """A configuration that cannot be used: `problems` as texts, `details` as values, in the order of the file."""

    def __init__(self, details: Sequence[Problem]) -> None:
        super().__init__([str(problem) for problem in details])
        self.details = tuple(details)


def field_name(path: Path) -> str:
    """Write a path as people do: `policies[2].lifetime`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that looks most like *word*, or an empty text where none does."""
    by_fold = {each.casefold(): each for each in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else ""


def one_of(known: Iterable[str], *, none: str = "nothing, because none is defined") -> str:
    """Write what may stand somewhere."""
    words = sorted(known)
    return ", ".join(words) if words else none
