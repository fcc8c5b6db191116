"""What both renderings share: signs and colours of states (ux.md), subject lines, texts from outside made harmless."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit

from rotation.ports.notices import Item, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state looks: a sign that works without colour, and a colour for both channels."""

    sign: str
    card_colour: str
    """Of Adaptive Cards: Default, Accent, Good, Warning, Attention."""
    mail_colour: str
    """At least 4.5 : 1 on white."""


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "healthy": Look(sign="·", card_colour="Default", mail_colour="#595959"),
        "approaching": Look(sign="◷", card_colour="Accent", mail_colour="#0b57a4"),
        "under-way": Look(sign="▸", card_colour="Accent", mail_colour="#0b57a4"),
        "waiting": Look(sign="☞", card_colour="Warning", mail_colour="#8a4b00"),
        "overlapping": Look(sign="⧗", card_colour="Accent", mail_colour="#0b57a4"),
        "blocked": Look(sign="■", card_colour="Attention", mail_colour="#b00020"),
        "expired": Look(sign="✕", card_colour="Attention", mail_colour="#b00020"),
        "done": Look(sign="✓", card_colour="Good", mail_colour="#1b6e2c"),
    }
)
UNKNOWN = LOOKS["healthy"]
NEED_SOMEBODY = frozenset({"approaching", "waiting", "blocked", "expired"})

_STEERING = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Characters that turn the reading direction or break lines: a name could lie with them."""


def look(state: str) -> Look:
    """Give a state's look; a word that we do not know is shown neutrally, for a notice must not be lost over it."""
    return LOOKS.get(state, UNKNOWN)


def plain(text: str, limit: int = 300) -> str:
    """Give *text* as one line without control and steering characters, at most *limit* characters."""
    kept = "".join(
        " " if char.isspace() or char in _STEERING or unicodedata.category(char) in ("Cc", "Cs") else char
        for char in text
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def safe_link(link: str) -> str:
    """Give *link* where it is an absolute https (or http) address, else nothing."""
    if any(char.isspace() or unicodedata.category(char) == "Cc" for char in link):
        return ""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme in ("https", "http") and parts.netloc else ""


def subject(message: Message) -> str:
    """Say how many need somebody and by when the first of them: `3 credentials need you, first by Wed 2 Dec`."""
    urgent = [item for item in message.items if item.state in NEED_SOMEBODY]
    if not urgent:
        return plain(message.title, 150)
    count = "1 credential needs you" if len(urgent) == 1 else f"{len(urgent)} credentials need you"
    first = _nearest(urgent)
    return f"{count}{', by ' if len(urgent) == 1 else ', first by '}{first}" if first else count


def _nearest(items: list[Item]) -> str:
    """Find the nearest date; where nobody wrote one as a date, the first that was written at all."""
    days = [day for item in items if (day := _day(item.act_by)) is not None]
    if days:
        nearest = min(days)
        return f"{nearest:%a} {nearest.day} {nearest:%b}"
    return next((plain(item.act_by, 40) for item in items if item.act_by), "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
