"""What both renderings share: signs and colours of states (ux.md), subject lines, texts from outside made harmless."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from urllib.parse import urlsplit

from rotation.ports.notices import NEED_SOMEBODY, Item, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state looks: a sign that works without colour, and a colour for both channels."""

    sign: str
    card_colour: str
    """Of Adaptive Cards: Default, Accent, Good, Warning, Attention."""
    mail_colour: str
    """At least 4.5 : 1 on white."""
    mail_dark: str
    """At least 4.5 : 1 on #1b1b1b."""


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "healthy": Look(sign="·", card_colour="Default", mail_colour="#595959", mail_dark="#b0b0b0"),
        "approaching": Look(sign="◷", card_colour="Accent", mail_colour="#0b57a4", mail_dark="#8ab8f0"),
        "under-way": Look(sign="▸", card_colour="Accent", mail_colour="#0b57a4", mail_dark="#8ab8f0"),
        "waiting": Look(sign="☞", card_colour="Warning", mail_colour="#8a4b00", mail_dark="#f0b45c"),
        "overlapping": Look(sign="⧗", card_colour="Accent", mail_colour="#0b57a4", mail_dark="#8ab8f0"),
        "blocked": Look(sign="■", card_colour="Attention", mail_colour="#b00020", mail_dark="#ff8a94"),
        "expired": Look(sign="✕", card_colour="Attention", mail_colour="#b00020", mail_dark="#ff8a94"),
        "done": Look(sign="✓", card_colour="Good", mail_colour="#1b6e2c", mail_dark="#7fd694"),
    }
)
UNKNOWN = LOOKS["healthy"]

NEAR = timedelta(days=300)
"""A date this close needs no year."""

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


def when(item: Item, said_at: datetime | None, zone: tzinfo) -> str:
    """Say when an item is due, as its state has it: `ends Wed 9 Dec (in 12 days)`; nothing where nothing is due."""
    if item.due_at is None:
        return ""
    ahead, past = _DUE.get(item.state, ("by", "overdue since"))
    over = item.state == "expired" or (said_at is not None and item.due_at <= said_at)
    return f"{past if over else ahead} {day(item.due_at, said_at, zone)}{_distance(item.due_at, said_at, zone)}"


_DUE = {
    "approaching": ("ends", "ended"),
    "expired": ("ends", "ended"),
    "blocked": ("the old secret works until", "the old secret ended"),
}
"""What comes before a date that is ahead, and before one that has passed."""


def day(at: datetime, said_at: datetime | None, zone: tzinfo) -> str:
    """Write a day of the reader's zone; with its year, unless it is near."""
    local = at.astimezone(zone)
    near = said_at is not None and abs(at - said_at) < NEAR
    return f"{local:%a} {local.day} {local:%b}{'' if near else f' {local.year}'}"


def _distance(at: datetime, said_at: datetime | None, zone: tzinfo) -> str:
    if said_at is None:
        return ""
    days = (at.astimezone(zone).date() - said_at.astimezone(zone).date()).days
    words = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return f" ({words.get(days) or (f'in {days} days' if days > 0 else f'{-days} days ago')})"


def instant(item: Item) -> str:
    """Give the exact instant, for those who hover or ask."""
    return f"{item.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if item.due_at else ""


def subject(message: Message, zone: tzinfo = UTC) -> str:
    """Say how many need somebody and by when the first of them: `3 credentials need you, first by Wed 2 Dec`."""
    urgent = [item for item in message.items if item.state in NEED_SOMEBODY]
    if not urgent or (len(message.items) == 1 and not message.left_out):
        return plain(message.title, 150)
    needs_all = len(urgent) == len(message.items)  # what needs somebody stands first: else none of it was left out
    count = len(urgent) + (message.left_out if needs_all else 0)
    ahead = [
        item.due_at for item in urgent if item.due_at and (message.said_at is None or item.due_at > message.said_at)
    ]
    first = min(ahead, default=None)
    one = count == 1
    return f"{count} credential{'' if one else 's'} need{'s' if one else ''} you" + (
        f", first by {day(first, message.said_at, zone)}" if first else ""
    )
