"""Times, counts and states as pages write them."""

from datetime import UTC, datetime, timedelta

from rotation.domain.credential import NEVER

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

STATE_WORDS = {
    "healthy": "fine",
    "approaching": "approaching",
    "under-way": "under way",
    "waiting": "waits for a person",
    "overlapping": "overlapping",
    "blocked": "stopped",
    "expired": "expired",
    "done": "done",
    "ended": "ended",
}
"""What ux.md says beside each sign."""

LEVELS = {
    "accepted": "accepted: this store cannot be read",
    "stored": "stored: read back",
    "authenticates": "authenticates: signed in from there",
    "in_use": "in use: seen signing in",
}
"""How sure we are that a destination has a secret, in the words of ux.md."""

MODES = {
    "automatic": "delivered by Rotation",
    "assisted": "delivered by a person",
    "reference": "reads the vault itself",
}
"""Who brings a secret to a destination."""

SAID = {
    "pressed": "Your first press was taken; this is how it stands.",
    "scan": "Asked for. It runs from its queue; look again in a moment.",
    "snoozed": "Quiet for a week. The end date stays as it is.",
    "paused": "Paused. Nothing is minted, published, delivered or removed until somebody resumes.",
    "resumed": "Resumed. What waited goes on.",
    "approved": "Approved. It goes on.",
    "retried": "It goes on from where it stopped.",
    "abandoned": "Given up. What it minted is removed.",
    "retiring": "Noted. The old secret is removed within a minute or two.",
    "opened": "Opened. It moves within a minute.",
    "joined": "An open rotation took your request over.",
    "released": "Released. Nothing was removed; the end dates below are yours to watch.",
    "enrolled": "Enrolled. It rotates when it is due.",
    "acknowledged": "Recorded. The old secret stays until usage shows the switch.",
}
"""What a page says after an act: addresses carry the key, so nobody can put words into our mouth."""


def away(at: datetime, now: datetime) -> str:
    """Tell how far *at* is from *now*: `in 6 h`, `13 days ago`, `now`."""
    span = abs(at - now)
    if span < MINUTE:
        return "now"
    if span < HOUR:
        told = f"{span // MINUTE} min"
    elif span < DAY:
        told = f"{span // HOUR} h"
    else:
        told = counted(span // DAY, "day")
    return f"in {told}" if at > now else f"{told} ago"


def days_away(at: datetime, now: datetime) -> str:
    """Tell how many days of the calendar lie between, in UTC: `in 13 days`, `tomorrow`, `today`, `2 days ago`."""
    days = (at.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    if days in near:
        return near[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def endless(at: datetime | None) -> bool:
    """Tell whether this end never comes."""
    return at is None or at >= NEVER


def counted(number: int, what: str, *, many: str = "") -> str:
    """Write how many: `1 policy`, `2 policies`, `12,431 applications`."""
    if number == 1:
        return f"1 {what}"
    plural = many or (f"{what.removesuffix('y')}ies" if what.endswith("y") and what[-2] not in "aeiou" else f"{what}s")
    return f"{number:,} {plural}"


def sentence(text: str) -> str:
    """Begin a sentence; what follows stays as it is, because names do."""
    return text[:1].upper() + text[1:]


def span(length: timedelta) -> str:
    """Write a span in its largest whole unit: `180 days`, `12 h`, `2 min`, `30 s`."""
    if length and length % DAY == timedelta(0):
        return counted(length // DAY, "day")
    if length and length % HOUR == timedelta(0):
        return f"{length // HOUR} h"
    if length and length % MINUTE == timedelta(0):
        return f"{length // MINUTE} min"
    return f"{length.total_seconds():g} s"
