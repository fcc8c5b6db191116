"""
The phases of a rotation and the only legal moves between them.

    Planned -> Minting -> Staged -> Proven -> Published -> Delivering -> Overlapping <-> Retiring -> Completed

Any open phase may become Blocked and come back; until something is published it may be Abandoned, from then on
Closed. docs/phases.md shows the table, made from `MOVES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self

from rotation.domain.errors import BrokenInvariant
from rotation.domain.evidence import SentBack
from rotation.domain.identifiers import ClientId, KeyId, LineId, LineName, RotationId, SecretVersion
from rotation.domain.line import Reason

ATTEMPTS = 20
"""So many times a secret is asked for before people are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """The credential of this rotation."""

    attempt: int
    key_id: KeyId
    end_at: datetime
    minted_at: datetime
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    needs_approval: bool = False
    approved_by: str | None = None
    ticket: str = ""
    phase: Literal["planned"] = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minting:
    """
    `attempt` counts every addPassword, sent or not; 0: none yet.

    `asked` is set in the ledger before addPassword is sent: whoever finds it set without a version to adopt must
    look for what that attempt left. `suspects` were listed at `looked_at` without a version that carries their
    key id; only the second look, spaced, makes them lost values.
    """

    attempt: int = 0
    asked: bool = False
    suspects: tuple[KeyId, ...] = ()
    looked_at: datetime | None = None
    vault_refusals: int = 0
    prepared: bool = False
    """
    All that comes before addPassword was done, and nothing can have been minted since: it waits for its place, or the
    quota refused it. Then only the asking is left.
    """
    allowed: int = ATTEMPTS
    """Attempts that may be made in all; whoever lets it go on again grants more, and none is ever counted twice."""
    phase: Literal["minting"] = "minting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    minted: Minted
    staged_version: SecretVersion
    staged_at: datetime
    sign_ins: int = 0
    """Successes in a row."""
    phase: Literal["staged"] = "staged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    minted: Minted
    staged_version: SecretVersion
    proven_at: datetime
    unprovable: int | None = None
    """AADSTS code for which no proof can be had, where the enrolment's policy goes on without one."""
    phase: Literal["proven"] = "proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published, and when; every later phase holds it."""

    minted: Minted
    version: SecretVersion
    published_at: datetime
    staged_version: SecretVersion
    proven_at: datetime
    unprovable: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    publication: Publication
    phase: Literal["published"] = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    publication: Publication
    phase: Literal["delivering"] = "delivering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlapping:
    publication: Publication
    since: datetime
    missing: Mapping[str, tuple[str, ...]]
    """For each predecessor key id, what is missing before it may go, as last asked."""
    asked_at: datetime | None = None
    told_at: datetime | None = None
    """When its people were told that the old key is still used after everybody should have switched."""
    phase: Literal["overlapping"] = "overlapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """One key id at a time; `absent_at` is the first read that no longer listed it, `told_at` that of Overlapping."""

    publication: Publication
    since: datetime
    key_id: KeyId
    evidence: tuple[str, ...]
    asked: bool = False
    absent_at: datetime | None = None
    told_at: datetime | None = None
    phase: Literal["retiring"] = "retiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    publication: Publication
    completed_at: datetime
    phase: Literal["completed"] = "completed"


type WorkingPhase = Planned | Minting | Staged | Proven | Published | Delivering | Overlapping | Retiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    reason: str
    detail: str
    since: datetime
    resumes: WorkingPhase
    phase: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """Nothing was published. What was minted is marked, and goes as an orphan."""

    why: str
    by: str
    at: datetime
    phase: Literal["abandoned"] = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Ended after publishing, with nothing removed by the ending itself."""

    how: Literal["succeeded-by", "application-gone", "by-person"]
    at: datetime
    successor: str | None = None
    publication: Publication | None = None
    by: str = ""
    phase: Literal["closed"] = "closed"


type Phase = WorkingPhase | Blocked | Completed | Abandoned | Closed

UNPUBLISHED = (Planned, Minting, Staged, Proven)
PUBLISHED = (Published, Delivering, Overlapping, Retiring)
ENDED = (Completed, Abandoned, Closed)

MOVES: Mapping[type, tuple[type, ...]] = {
    Planned: (Minting, Blocked, Abandoned, Closed),
    Minting: (Minting, Staged, Blocked, Abandoned, Closed),
    Staged: (Staged, Minting, Proven, Blocked, Abandoned, Closed),
    Proven: (Published, Minting, Blocked, Abandoned, Closed),
    Published: (Delivering, Blocked, Closed),
    Delivering: (Overlapping, Blocked, Closed),
    Overlapping: (Overlapping, Delivering, Retiring, Completed, Blocked, Closed),
    Retiring: (Retiring, Overlapping, Blocked, Closed),
    Blocked: (*UNPUBLISHED, *PUBLISHED, Abandoned, Closed),
    Completed: (),
    Abandoned: (),
    Closed: (),
}
"""Legal moves. Closed from an unpublished phase only because the application is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """One journey of one line (row `a|rotation|ulid`)."""

    id: RotationId
    line: LineName
    client_id: ClientId
    application_name: str
    reason: Reason
    asked_by: str
    opened_at: datetime
    predecessors: tuple[KeyId, ...]
    phase: Phase
    phase_since: datetime
    burnt: tuple[KeyId, ...] = ()
    urgent: bool = False
    """A person asked, or it is down: it passes ramp and window."""
    remove_first: bool = False
    """A compromise declared with `now`: burnt keys go before anything is delivered."""
    adopted: tuple[KeyId, ...] = ()
    """Key ids that this rotation minted and adopted: never orphans."""
    tries: int = 0
    """Retries in a row, for the back-off."""
    failing_since: datetime | None = None
    """When the first of these retries was: the phase's deadline counts from here, for a phase may wait for weeks."""
    missing_since: datetime | None = None
    """When the directory first answered that there is no such application; only a second answer a day later counts."""
    own_sign_ins: tuple[datetime, datetime] | None = None
    """First and last sign-in of ours with the new secret: not use (protocol.md, Evidence)."""
    orphans: tuple[tuple[KeyId, datetime], ...] = ()
    """Key ids that looked like orphans, and when that was first seen; the second look, spaced, removes them."""
    writes_at: datetime | None = None
    """When its place among the directory's writes comes, where it had to book one (domain/pace.py)."""
    resumed_from: str = ""
    """Why it was Blocked before it was tried again: when it gets on, others of that reason are tried too."""
    sent_back: SentBack | None = None

    @property
    def line_id(self) -> LineId:
        """Its line."""
        return LineId(self.id.application, self.line)

    @property
    def open(self) -> bool:
        """Tell whether it has not ended."""
        return not isinstance(self.phase, ENDED)

    @property
    def working(self) -> WorkingPhase | None:
        """The phase that it is in, or would resume; None once it has ended."""
        phase = self.phase.resumes if isinstance(self.phase, Blocked) else self.phase
        return None if isinstance(phase, ENDED) else phase

    @property
    def publication(self) -> Publication | None:
        """What it published, if it did."""
        phase = self.phase.resumes if isinstance(self.phase, Blocked) else self.phase
        return getattr(phase, "publication", None)

    @property
    def minted(self) -> Minted | None:
        """The credential that it adopted, if it did."""
        if self.publication:
            return self.publication.minted
        return getattr(self.working, "minted", None)

    @property
    def mint_asked(self) -> bool:
        """Tell whether a credential may have been made, and staged, that is not adopted yet."""
        return isinstance(self.working, Minting) and self.working.asked

    def moved(self, to: Phase, now: datetime) -> Self:
        """
        Move to another phase.

        Raises:
            BrokenInvariant: That move is not legal.
        """
        if type(to) not in MOVES[type(self.phase)]:
            why = f"{self.phase.phase} cannot become {to.phase}"
            raise BrokenInvariant(why, rotation=str(self.id), reason="illegal-move")
        if isinstance(self.phase, Blocked) and not isinstance(to, (*ENDED, type(self.phase.resumes))):
            why = f"blocked in {self.phase.resumes.phase} cannot resume as {to.phase}"
            raise BrokenInvariant(why, rotation=str(self.id))
        same = type(to) is type(self.phase)
        return replace(self, phase=to) if same else replace(self.calm(), phase=to, phase_since=now)

    def retried(self, now: datetime) -> Self:
        """Count one more try."""
        return replace(self, tries=self.tries + 1, failing_since=self.failing_since or now)

    def calm(self) -> Self:
        """Forget the tries: something went well."""
        return replace(self, tries=0, failing_since=None, missing_since=None)

    def signed_in(self, now: datetime) -> Self:
        """Note a sign-in of ours with the new secret."""
        first = self.own_sign_ins[0] if self.own_sign_ins else now
        return replace(self, own_sign_ins=(first, now))
