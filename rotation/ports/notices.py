"""Tell people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rotation.domain.audience import Audience

NEED_SOMEBODY = frozenset({"approaching", "waiting", "blocked", "expired"})
"""States of items that somebody has to do something about; the others are only told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that somebody should know: a line in a digest, in the words of ux.md."""

    state: str
    """healthy, approaching, under-way, waiting, overlapping, blocked, expired, done (ux.md, Words and colours)."""
    subject: str
    text: str
    due_at: datetime | None = None
    """By when, or until when, as the state has it; written as a date of the reader's zone, and into their calendar."""
    uid: str = ""
    """Name of that deadline in calendars: the same in every message about it, so that a later one moves it."""
    link: str = ""
    action: str = ""
    snooze: str = ""
    """Address of the page that lets it be silent for a while."""
    identifier: str = ""
    """What it is called where names do not help: shown small, to be copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one audience; card and mail are two renderings of it."""

    title: str
    summary: str
    items: Sequence[Item] = field(default_factory=tuple)
    left_out: int = 0
    """Items that had no room; both renderings count them."""
    link: str = ""
    """Where everything is to be seen."""
    footer: str = ""
    said_at: datetime | None = None
    """When it is sent: days are counted from here."""


class Channel(Protocol):
    """
    One way to reach people.

    Raises: Throttled, Unavailable; AccessDenied or Misconfigured when a person must mend it.
    """

    @property
    def name(self) -> str:
        """`teams` or `mail`."""
        ...

    def reaches(self, audience: Audience) -> bool:
        """Tell whether this audience has an address here."""
        ...

    async def send(self, audience: Audience, message: Message) -> None:
        """Send; at least once."""
        ...
