"""Tell people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rotation.domain.policy import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that somebody should know: a line in a digest, in the words of ux.md."""

    state: str
    """healthy, approaching, under-way, waiting, overlapping, blocked, expired, done (ux.md, Words and colours)."""
    subject: str
    text: str
    act_by: str = ""
    link: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one audience; card and mail are two renderings of it."""

    title: str
    summary: str
    items: Sequence[Item] = field(default_factory=tuple)
    footer: str = ""


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
