"""What may be removed now, and what is missing for it (protocol.md, Evidence for retirement)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rotation.domain.delivery import Acknowledged, Delivery, Found, Level, Verified
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.policy import Retire, Terms

REPORT_LAG = timedelta(hours=48)
"""Silence counts only this long past its window's end: usage reports lag by hours (platform.md, integrations.md 0)."""
LEARNING = timedelta(days=35)
"""With fewer readings than this, a monthly job may hide in the silence."""
ALIVE_WITHIN = timedelta(days=7)
"""A source that has not shown our own proof this long after it is not alive."""
OWN_USE_MARGIN = timedelta(hours=1)
"""A sign-in this much later than our last one is not ours."""


class Standing(StrEnum):
    """Where one point of evidence stands."""

    THERE = "there"
    MISSING = "missing"
    CANNOT_BE_HAD = "cannot-be-had"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One of (a) to (e)."""

    letter: str
    standing: Standing
    why: str
    until: datetime | None = None
    """From when it may be there, where that is known."""
    seen: bool = False
    """The old key was seen in use a short while ago: whatever else cannot be had, somebody still needs it."""

    def __str__(self) -> str:
        return f"({self.letter}) {self.standing}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is known of one key id's use."""

    last_used_at: datetime
    longest_gap: timedelta = timedelta(0)
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one source can tell about one application; `source` None: there is none."""

    source: str | None = None
    sees: bool = False
    first_read_at: datetime | None = None
    read_at: datetime | None = None
    uses: Mapping[KeyId, Use] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a removal is decided from, read anew."""

    terms: Terms
    retire: Retire
    readers: Sequence[str]
    named: Mapping[DestinationName, timedelta]
    """Destinations that the configuration names today, and how long each settles."""
    reaches: Mapping[DestinationName, Level]
    """The surest level that each destination's kind can reach."""
    deliveries: Mapping[DestinationName, Delivery]
    published_at: datetime
    proven_at: datetime
    successor: KeyId
    own_sign_ins: tuple[datetime, datetime] | None
    usage: Usage
    known_since: Mapping[KeyId, datetime]
    """Since when each key id's use is watched: its line's enrolment, or its mint."""
    canary: bool = False


def verified(delivery: Delivery | None) -> bool:
    """Tell whether a delivery is verified well enough to stand as evidence."""
    match delivery.phase if delivery else None:
        case Verified(verdict=verdict):
            return verdict.found is Found.CURRENT and verdict.level is not None and verdict.level >= Level.STORED
        case _:
            return False


def successor_seen(case: Case) -> bool:
    """Tell whether usage shows the new key in somebody else's hands than ours."""
    use = case.usage.uses.get(case.successor)
    if use is None or not case.usage.sees:
        return False
    return case.own_sign_ins is None or use.last_used_at > case.own_sign_ins[1] + OWN_USE_MARGIN


def weigh(case: Case, key_id: KeyId, now: datetime) -> tuple[Point, ...]:
    """Weigh (a) to (d) for one valid predecessor; (e) is asked of the services, last."""
    points = (_somebody(case), _everybody(case), _overlap(case, now))
    return points if case.canary else (*points, _silence(case, key_id, now))


def _somebody(case: Case) -> Point:
    if case.named or case.readers:
        return Point(letter="a", standing=Standing.THERE, why="somebody is known to use the line")
    return Point(letter="a", standing=Standing.CANNOT_BE_HAD, why="the line has no destination and names no reader")


def _everybody(case: Case) -> Point:
    waiting: list[str] = []
    never: list[str] = []
    confirmable = case.usage.source is not None and case.usage.sees and len(case.named) == 1
    for name in case.named:
        delivery = case.deliveries.get(name)
        if verified(delivery):
            continue
        if case.retire is Retire.AFTER_OVERLAP and delivery and isinstance(delivery.phase, Acknowledged):
            continue
        reachable = case.reaches.get(name, Level.ACCEPTED) >= Level.STORED or confirmable
        (waiting if reachable or not (delivery and delivery.ended) else never).append(name)
    if waiting:
        return Point(letter="b", standing=Standing.MISSING, why="not verified yet: " + ", ".join(sorted(waiting)))
    if never:
        why = "cannot be verified: " + ", ".join(sorted(never))
        return Point(letter="b", standing=Standing.CANNOT_BE_HAD, why=why)
    return Point(letter="b", standing=Standing.THERE, why=f"{len(case.named)} of {len(case.named)} verified")


def _overlap(case: Case, now: datetime) -> Point:
    begun = [case.published_at]
    for name in case.named:
        delivery = case.deliveries.get(name)
        match delivery.phase if delivery else None:
            case Verified(at=at):
                begun.append((delivery.first_verified_at if delivery else None) or at)
            case Acknowledged(at=at):
                begun.append(at)
    over_at = max(begun) + max([case.terms.overlap, *case.named.values()])
    standing = Standing.THERE if now >= over_at else Standing.MISSING
    why = f"overlap window ends {over_at:%Y-%m-%d %H:%M} UTC"
    return Point(letter="c", standing=standing, why=why, until=over_at)


def quiet_of(case: Case, key_id: KeyId, now: datetime) -> timedelta:
    """Give how long *key_id* must have been silent."""
    use = case.usage.uses.get(key_id)
    quiet = max(case.terms.quiet_for, use.longest_gap if use else timedelta(0))
    read_for = now - _watched_since(case, key_id, now)
    return max(quiet, LEARNING) if read_for < LEARNING else quiet


def _watched_since(case: Case, key_id: KeyId, now: datetime) -> datetime:
    return max(case.usage.first_read_at or now, case.known_since.get(key_id, now))


def _silence(case: Case, key_id: KeyId, now: datetime) -> Point:
    usage = case.usage
    if usage.source is None:
        return _without(case, "no usage source is configured")
    if (sighting := _sighting(case, key_id, now)) is not None:
        return sighting
    if not usage.sees:
        return _without(case, f"{usage.source} cannot see all use of this application")
    shown = usage.uses.get(case.successor)
    alive = shown is not None and case.own_sign_ins is not None and shown.last_used_at >= case.own_sign_ins[0]
    if not alive and now - case.proven_at > ALIVE_WITHIN:
        return _without(case, f"{usage.source} has not shown our own sign-in in {ALIVE_WITHIN.days} days")
    if not alive:
        return Point(letter="d", standing=Standing.MISSING, why=f"{usage.source} has not shown our own sign-in yet")
    return _measured(case, key_id, now)


def _sighting(case: Case, key_id: KeyId, now: datetime) -> Point | None:
    """Give the point for a key that was seen in use: a sighting counts, whatever the source's silence is worth."""
    use = case.usage.uses.get(key_id)
    if use is None:
        return None
    silent_at = use.last_used_at + quiet_of(case, key_id, now) + REPORT_LAG
    if now >= silent_at:
        return None
    last = f"last used {use.last_used_at:%Y-%m-%d %H:%M} UTC {use.origin}".rstrip()
    why = f"{last}; silent enough from {silent_at:%Y-%m-%d}"
    return Point(letter="d", standing=Standing.MISSING, why=why, until=silent_at, seen=True)


def _measured(case: Case, key_id: KeyId, now: datetime) -> Point:
    usage = case.usage
    quiet = quiet_of(case, key_id, now)
    use = usage.uses.get(key_id)
    silent_at = (use.last_used_at if use else _watched_since(case, key_id, now)) + quiet + REPORT_LAG
    if usage.read_at is None or now - usage.read_at > REPORT_LAG:
        return Point(letter="d", standing=Standing.MISSING, why=f"{usage.source} was not read in the last 48 hours")
    if now >= silent_at:
        return Point(letter="d", standing=Standing.THERE, why=f"no sign-in with it for {quiet.days} days")
    why = f"never seen in use; silent enough from {silent_at:%Y-%m-%d}"
    return Point(letter="d", standing=Standing.MISSING, why=why, until=silent_at)


def _without(case: Case, why: str) -> Point:
    if case.retire is Retire.AFTER_OVERLAP:
        return Point(letter="d", standing=Standing.THERE, why=f"{why}; the enrolment lets the clock stand for it")
    return Point(letter="d", standing=Standing.CANNOT_BE_HAD, why=why)


def complete(points: Sequence[Point]) -> bool:
    """Tell whether nothing is missing."""
    return all(point.standing is Standing.THERE for point in points)


def hopeless(points: Sequence[Point]) -> bool:
    """
    Tell whether something cannot be had: no clock stands in for it, and waiting for the rest is idle.

    Not while the old key is seen in use: then its owner is told, for as long as it lasts.
    """
    return not any(point.seen for point in points) and any(point.standing is Standing.CANNOT_BE_HAD for point in points)
