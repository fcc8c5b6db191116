"""What may be removed now, and what is missing for it (protocol.md, Evidence for retirement)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rotation.domain.delivery import Acknowledged, Delivery, Found, Level, Verified
from rotation.domain.identifiers import DestinationName, KeyId
from rotation.domain.policy import Retire, Terms
from rotation.domain.use import CLOCKS_DIFFER, Use

REPORT_LAG = timedelta(hours=48)
"""Silence counts only this long past its window's end: usage reports lag by hours (platform.md, integrations.md 0)."""
LEARNING = timedelta(days=35)
"""With fewer readings than this, a monthly job may hide in the silence."""
ALIVE_WITHIN = timedelta(days=7)
"""A source that has not shown our own proof this long after it is not alive."""


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
class SentBack:
    """The last removal that (e) stopped: people hear of a rotation's first, and (e) is asked again only later."""

    at: datetime
    why: str
    times: int = 1
    """How many of this rotation, with this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One usage source, what it can tell about this application, and how long it has been read."""

    name: str
    sees: bool
    """Its silence means something: no use of this application is hidden from it."""
    first_read_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """All usage sources, and what they have shown together: a sighting of any counts (ADR 0010)."""

    sources: Sequence[Source] = ()
    uses: Mapping[KeyId, Use] = field(default_factory=dict)

    @property
    def sees(self) -> bool:
        """Tell whether any source's silence means something."""
        return any(source.sees for source in self.sources)

    def last_use(self, key_id: KeyId) -> datetime | None:
        """Give the last use of a key id by anybody but us."""
        use = self.uses.get(key_id)
        return use.last_used_at if use else None


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


def outlasts(terms: Terms) -> bool:
    """Tell whether an old secret ends before its silence could be told: then it lapses and is not retired."""
    lead = min(terms.lead_time, terms.lifetime / 3)
    return terms.retire is Retire.EVIDENCE and lead - terms.overlap < terms.quiet_for + REPORT_LAG


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
    confirmable = case.usage.sees and len(case.named) == 1
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


def quiet_of(case: Case, key_id: KeyId, now: datetime, *, source: Source) -> timedelta:
    """Give how long *key_id* must have been silent, as *source* has watched it."""
    use = case.usage.uses.get(key_id)
    quiet = max(case.terms.quiet_for, use.longest_gap if use else timedelta(0))
    read_for = now - _watched_since(case, key_id, now, source=source)
    return max(quiet, LEARNING) if read_for < LEARNING else quiet


def _watched_since(case: Case, key_id: KeyId, now: datetime, *, source: Source) -> datetime:
    return max(source.first_read_at or now, case.known_since.get(key_id, now))


def _silence(case: Case, key_id: KeyId, now: datetime) -> Point:
    """Let any source that is alive and can see tell of silence, unless one of them has shown a use."""
    if not case.usage.sources:
        return _without(case, "no usage source is configured")
    if (sighting := _sighting(case, key_id, now)) is not None:
        return sighting
    told = [_told_by(case, key_id, now, source=source) for source in case.usage.sources]
    best = min(told, key=lambda point: (list(Standing).index(point.standing), point.until is None))
    if best.standing is not Standing.CANNOT_BE_HAD:
        return best
    return _without(case, "; ".join(point.why for point in told))


def _sighting(case: Case, key_id: KeyId, now: datetime) -> Point | None:
    """Give the point for a key that was seen in use: a sighting counts, whatever the source's silence is worth."""
    last = case.usage.last_use(key_id)
    if last is None:
        return None
    silent_at = last + min(quiet_of(case, key_id, now, source=source) for source in case.usage.sources) + REPORT_LAG
    if now >= silent_at:
        return None
    told = f"last used {last:%Y-%m-%d %H:%M} UTC {case.usage.uses[key_id].origin}".rstrip()
    why = f"{told}; silent enough from {silent_at:%Y-%m-%d}"
    return Point(letter="d", standing=Standing.MISSING, why=why, until=silent_at, seen=True)


def _told_by(case: Case, key_id: KeyId, now: datetime, *, source: Source) -> Point:
    if not source.sees:
        return _silent(Standing.CANNOT_BE_HAD, f"{source.name} cannot see all use of this application")
    use = case.usage.uses.get(case.successor)
    shown = use.shown.get(source.name) if use else None
    if shown is None or case.own_sign_ins is None or shown < case.own_sign_ins[0] - CLOCKS_DIFFER:
        if now - case.proven_at > ALIVE_WITHIN:
            days = ALIVE_WITHIN.days
            return _silent(Standing.CANNOT_BE_HAD, f"{source.name} has not shown our own sign-in in {days} days")
        return _silent(Standing.MISSING, f"{source.name} has not shown our own sign-in yet")
    if source.read_at is None or now - source.read_at > REPORT_LAG:
        return _silent(Standing.MISSING, f"{source.name} was not read in the last 48 hours")
    return _measured(case, key_id, now, source=source)


def _measured(case: Case, key_id: KeyId, now: datetime, *, source: Source) -> Point:
    quiet, last = quiet_of(case, key_id, now, source=source), case.usage.last_use(key_id)
    silent_at = (last or _watched_since(case, key_id, now, source=source)) + quiet + REPORT_LAG
    if now >= silent_at:
        return _silent(Standing.THERE, f"no sign-in with it for {quiet.days} days, says {source.name}")
    seen = f"last used {last:%Y-%m-%d %H:%M} UTC" if last else "never seen in use"
    return _silent(Standing.MISSING, f"{seen}; silent enough from {silent_at:%Y-%m-%d}", silent_at)


def _silent(standing: Standing, why: str, until: datetime | None = None) -> Point:
    return Point(letter="d", standing=standing, why=why, until=until)


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
