"""The table of moves: nothing skips a phase, everything reaches an end, nothing else is legal."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from rotation.domain.errors import BrokenInvariant
from rotation.domain.identifiers import ClientId, KeyId, LineName, ObjectId, RotationId, SecretVersion
from rotation.domain.line import Reason
from rotation.domain.rotation import (
    ENDED,
    MOVES,
    PUBLISHED,
    UNPUBLISHED,
    Abandoned,
    Blocked,
    Closed,
    Completed,
    Delivering,
    Minted,
    Minting,
    Overlapping,
    Phase,
    Planned,
    Proven,
    Publication,
    Published,
    Retiring,
    Rotation,
    Staged,
    WorkingPhase,
)

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
KEY = KeyId("key")
MINTED = Minted(attempt=1, key_id=KEY, end_at=NOW + timedelta(days=180), minted_at=NOW)
VERSION = SecretVersion("v1")
PUBLICATION = Publication(minted=MINTED, version=VERSION, published_at=NOW, staged_version=VERSION, proven_at=NOW)
PHASES: dict[type, Phase] = {
    Planned: Planned(),
    Minting: Minting(),
    Staged: Staged(minted=MINTED, staged_version=VERSION, staged_at=NOW),
    Proven: Proven(minted=MINTED, staged_version=VERSION, proven_at=NOW),
    Published: Published(publication=PUBLICATION),
    Delivering: Delivering(publication=PUBLICATION),
    Overlapping: Overlapping(publication=PUBLICATION, since=NOW, missing={}),
    Retiring: Retiring(publication=PUBLICATION, since=NOW, key_id=KEY, evidence=()),
    Completed: Completed(publication=PUBLICATION, completed_at=NOW),
    Blocked: Blocked(reason="x", detail="y", since=NOW, resumes=Planned()),
    Abandoned: Abandoned(why="x", by="y", at=NOW),
    Closed: Closed(how="by-person", at=NOW),
}
JOURNEY = [Planned, Minting, Staged, Proven, Published, Delivering, Overlapping, Completed]


def rotation(phase: Phase) -> Rotation:
    return Rotation(
        id=RotationId(ObjectId("a"), "0" * 26),
        line=LineName("default"),
        client_id=ClientId("c"),
        application_name="X",
        reason=Reason.DUE,
        asked_by="test",
        opened_at=NOW,
        predecessors=(),
        phase=phase,
        phase_since=NOW,
    )


def test_every_phase_has_its_moves() -> None:
    assert set(MOVES) == set(PHASES)
    working = set(get_args(WorkingPhase.__value__))
    assert working == {*UNPUBLISHED, *PUBLISHED}
    assert {*working, Blocked, *ENDED} == set(PHASES)


def test_no_path_skips_a_phase_on_its_way_to_completed() -> None:
    """Leave any one phase of the journey out, and Completed cannot be reached any more."""
    for left_out in JOURNEY[1:-1]:
        assert Completed not in _reachable(Planned, without={left_out, Blocked}), left_out
    assert Completed in _reachable(Planned, without={Blocked})


@pytest.mark.parametrize("start", [phase for phase in MOVES if phase not in ENDED])
def test_every_phase_reaches_an_end_without_and_with_a_person(start: type) -> None:
    assert _reachable(start, without=set()) & set(ENDED)


def _reachable(start: type, *, without: set[type]) -> set[type]:
    seen, todo = {start}, [start]
    while todo:
        for following in set(MOVES[todo.pop()]) - seen - without:
            seen.add(following)
            todo.append(following)
    return seen


@pytest.mark.parametrize("before", PHASES)
@pytest.mark.parametrize("after", PHASES)
def test_what_the_table_does_not_name_is_refused(before: type, after: type) -> None:
    resumable = before is not Blocked or after in ENDED or after is Planned
    if after in MOVES[before] and resumable:
        assert type(rotation(PHASES[before]).moved(PHASES[after], NOW).phase) is after
    else:
        with pytest.raises(BrokenInvariant):
            rotation(PHASES[before]).moved(PHASES[after], NOW)


def test_what_has_ended_stays_ended() -> None:
    assert all(MOVES[phase] == () for phase in ENDED)


def test_only_what_is_not_published_is_abandoned_and_only_what_is_can_complete() -> None:
    may_abandon = {phase for phase, moves in MOVES.items() if Abandoned in moves}
    assert may_abandon == {*UNPUBLISHED, Blocked}
    assert {phase for phase, moves in MOVES.items() if Completed in moves} == {Overlapping}
    assert {phase for phase, moves in MOVES.items() if Retiring in moves} == {Overlapping, Retiring, Blocked}


@pytest.mark.parametrize("resumes", [*UNPUBLISHED, *PUBLISHED])
def test_blocked_resumes_where_it_stopped_and_nowhere_else(resumes: type) -> None:
    blocked = Blocked(reason="x", detail="y", since=NOW, resumes=PHASES[resumes])  # type: ignore[arg-type]
    assert type(rotation(blocked).moved(PHASES[resumes], NOW).phase) is resumes
    for other in {*UNPUBLISHED, *PUBLISHED} - {resumes}:
        with pytest.raises(BrokenInvariant):
            rotation(blocked).moved(PHASES[other], NOW)


def test_moving_on_forgets_the_tries_and_staying_keeps_them() -> None:
    tried = rotation(Minting()).retried(NOW).retried(NOW + timedelta(hours=1))
    assert (tried.tries, tried.failing_since) == (2, NOW)
    assert tried.moved(Minting(attempt=2), NOW).tries == 2
    assert tried.moved(PHASES[Staged], NOW).tries == 0


def test_a_blocked_rotation_still_tells_what_it_minted_and_published() -> None:
    staged = PHASES[Staged]
    blocked = rotation(Blocked(reason="x", detail="y", since=NOW, resumes=staged))  # type: ignore[arg-type]
    assert blocked.minted == MINTED
    assert blocked.publication is None
    later = rotation(Blocked(reason="x", detail="y", since=NOW, resumes=Delivering(publication=PUBLICATION)))
    assert later.publication == PUBLICATION
    assert later.open
    assert not rotation(PHASES[Closed]).open
