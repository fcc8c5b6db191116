"""A line: one chain of successive credentials of one application, enrolled by somebody's recorded yes."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from rotation.domain.credential import NEVER, Application
from rotation.domain.identifiers import ClientId, DestinationName, KeyId, LineId, PolicyName, SecretVersion
from rotation.domain.policy import Retire, Terms

EXPIRED_STILL_OPENS = timedelta(days=30)
"""What was found expired for longer than this is reported, not rotated (protocol.md, When a line is due)."""


LISTED_WITHIN = timedelta(hours=1)
"""What we minted may not be listed yet for so long: reads lag writes, so its absence says nothing (platform.md A3)."""


class Reason(StrEnum):
    """Why a rotation was opened."""

    DUE = "due"
    EXPIRED = "expired"
    GONE = "gone"
    REQUESTED = "requested"
    COMPROMISED = "compromised"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireOrder:
    """An operator's word that a predecessor goes at once: (a) to (d) are not asked, in this rotation only."""

    rotation: str
    """The ulid of the rotation in which it was given; a later one has another successor."""
    by: str
    at: datetime
    why: str

    def __str__(self) -> str:
        return f"retired at once by {self.by}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key id that belongs to this line: handed over at enrolment, or minted by us and adopted."""

    key_id: KeyId
    end_at: datetime
    minted_by: str | None = None
    """The ulid of the rotation that minted it; None for one that was handed over."""
    lapses: bool = False
    """Evidence for its removal cannot be had: it stays until its own end."""
    burnt: bool = False
    absent_at: datetime | None = None
    """First read that no longer listed it, while we remove it as litter; None again once a read lists it."""
    order: RetireOrder | None = None

    def ordered_in(self, ulid: str) -> RetireOrder | None:
        """Give the operator's word, if it was given in this rotation."""
        return self.order if self.order is not None and self.order.rotation == ulid else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedDestination:
    """A destination as it was when somebody said yes to it."""

    name: DestinationName
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The recorded yes."""

    policy: PolicyName
    by: str
    at: datetime
    destinations: tuple[ApprovedDestination, ...]
    readers: tuple[str, ...]
    description: str
    vault_url: str
    secret_name: str
    handed_over: tuple[KeyId, ...]
    adopted_version: SecretVersion | None = None
    retire: Retire = Retire.EVIDENCE
    tier_zero: bool = False

    def approves(self, name: DestinationName, fingerprint: str) -> bool:
        """Tell whether this destination, as it is configured now, was approved."""
        return ApprovedDestination(name=name, fingerprint=fingerprint) in self.destinations


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBlock:
    """Why no rotation may be opened, since when, and when it was last found so."""

    reason: str
    detail: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The truth about one line (row `a|line|name`)."""

    id: LineId
    client_id: ClientId
    display_name: str
    enrolment: Enrolment
    keys: tuple[HeldKey, ...]
    """Every key id of the line that we have not removed, the current one among them."""
    current: KeyId | None
    version: SecretVersion | None = None
    """The vault version last published; None before the first rotation, unless one was adopted."""
    minted_at: datetime | None = None
    rotations: int = 0
    open: str | None = None
    """Ulid of the open rotation."""
    latest: str | None = None
    """Ulid of the rotation opened last, open or not."""
    blocked: LineBlock | None = None
    repeated: bool = False
    """We did our work again once because somebody undid it; the second time is Contested."""

    def key(self, key_id: KeyId) -> HeldKey | None:
        """Find a key of this line."""
        return next((key for key in self.keys if key.key_id == key_id), None)

    @property
    def last_published(self) -> "LastPublished":
        """What it is asked about when it is asked whether it is due."""
        return LastPublished(line=self.id, current=self.current_key, minted_at=self.minted_at, repeated=self.repeated)

    @property
    def current_key(self) -> HeldKey | None:
        """The credential last published; before the first rotation, the handed-over one that ends last."""
        return self.key(self.current) if self.current else None

    def published(self, key: HeldKey, *, version: SecretVersion, minted_at: datetime) -> Self:
        """Take a new credential as the current one."""
        others = tuple(other for other in self.keys if other.key_id != key.key_id)
        return replace(
            self,
            keys=(*others, key),
            current=key.key_id,
            version=version,
            minted_at=minted_at,
            rotations=self.rotations + 1,
        )

    def without(self, key_id: KeyId) -> Self:
        """Forget a key that is gone."""
        return replace(self, keys=tuple(key for key in self.keys if key.key_id != key_id))

    def marked(self, key: HeldKey) -> Self:
        """Note something else about a key that the line holds."""
        return replace(self, keys=tuple(key if held.key_id == key.key_id else held for held in self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPublished:
    """As much of a line as decides whether it is due; the scan knows it from the index."""

    line: LineId
    current: HeldKey | None
    minted_at: datetime | None = None
    repeated: bool = False
    reissued: bool = False
    """The vault that held it was lost or leaked, so it is due whenever it ends (domain/reissue.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A rotation should open."""

    reason: Reason
    ends_at: datetime | None

    @property
    def down_now(self) -> bool:
        """Tell whether nothing of the line is valid any more: it opens past ramp and window."""
        return self.reason in {Reason.EXPIRED, Reason.GONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """Nothing to do, with the instant from which there will be, where that is known."""

    why: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotOpen:
    """It should open and may not: the line is blocked."""

    reason: str
    detail: str


type DueAnswer = Due | NotDue | CannotOpen


def lifetime_of(terms: Terms, longest: timedelta | None) -> timedelta:
    """Give the lifetime to ask for: the policy's, at most the tenant's maximum."""
    return terms.lifetime if longest is None else min(terms.lifetime, longest)


def lead_of(line: LineId, terms: Terms, lifetime: timedelta) -> timedelta:
    """
    Give the effective lead time.

    The policy's, at most a third of the lifetime, brought forward by up to a fifth by a hash of the line, so that
    what was made on one day does not fall due on one night.
    """
    digest = hashlib.sha256(str(line).encode()).digest()
    fraction = int.from_bytes(digest[:4]) / 2**32
    return min(terms.lead_time, lifetime / 3) * (1 + fraction / 5)


def fits(terms: Terms, lifetime: timedelta, *, assisted: bool) -> bool:
    """Tell whether lead time, overlap window and, for hand-offs, a person's deadline fit in one lifetime."""
    lead = min(terms.lead_time, lifetime / 3) * 1.2
    person = terms.hand_off_deadline if assisted else timedelta(0)
    return lead + terms.overlap + person <= lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen when it is asked whether a line is due."""

    application: Application
    terms: Terms
    longest: timedelta | None
    assisted: bool
    forbidden: bool = False


def due(last: LastPublished, sight: Sight, now: datetime) -> DueAnswer:
    """
    Tell whether a rotation should open for a line now.

    Asked of a line, never of a credential: other credentials of the application make nothing due.
    """
    if sight.application.disabled:
        return NotDue(why="the application is disabled")
    current = last.current
    if current is None:
        return NotDue(why="nothing of this line is current")
    listed = sight.application.holds(current.key_id)
    if current.end_at >= NEVER and listed and not last.reissued:
        return NotDue(why="its credential never ends")
    if not listed and last.minted_at is not None and now - last.minted_at < LISTED_WITHIN:
        return NotDue(why="minted just now, and not listed yet", due_at=last.minted_at + LISTED_WITHIN)
    lifetime = lifetime_of(sight.terms, sight.longest)
    due_at = current.end_at - lead_of(last.line, sight.terms, lifetime)
    if listed and now < due_at and not last.reissued:
        return NotDue(why="not yet", due_at=due_at)
    if listed and now - current.end_at > EXPIRED_STILL_OPENS:
        return NotDue(why="expired more than 30 days ago, and nothing is current")
    reason = Reason.GONE if not listed else Reason.EXPIRED if current.end_at <= now else Reason.DUE
    return _hindrance(last, sight, now, reason=reason) or Due(reason=reason, ends_at=current.end_at)


def _hindrance(last: LastPublished, sight: Sight, now: datetime, *, reason: Reason) -> CannotOpen | None:
    if sight.forbidden:
        return CannotOpen(
            reason="policy-forbids", detail="an app-management policy of the tenant forbids new client secrets"
        )
    lifetime = lifetime_of(sight.terms, sight.longest)
    if not fits(sight.terms, lifetime, assisted=sight.assisted):
        return CannotOpen(
            reason="lifetime-too-short",
            detail=f"lead time, overlap and hand-off deadline do not fit in {lifetime.days} days",
        )
    young = last.minted_at is not None and now - last.minted_at < lifetime / 4
    if reason is Reason.GONE and last.minted_at is not None:
        if last.repeated:
            detail = "somebody removed our credential again after we had repeated our work"
            return CannotOpen(reason="contested", detail=detail)
        return None
    if young and reason is not Reason.EXPIRED and not last.reissued:
        detail = "the current credential was minted less than a quarter of its lifetime ago"
        return CannotOpen(reason="rotating-too-often", detail=detail)
    return None
