"""Rehearse: make a throw-away application, play a whole rotation with it, look at the facts, delete everything."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from rotation.domain.credential import Application
from rotation.domain.errors import Refused, RotationError
from rotation.domain.rehearsal import Stage
from rotation.ledger.control import Rehearsed
from rotation.ports.throw_aways import ThrowAway
from rotation.workflows.rehearsing import acts
from rotation.workflows.rehearsing.acts import Play, Rest
from rotation.workflows.rehearsing.clearing import clear
from rotation.workflows.rehearsing.facts import Fact, Holds, look_at_all
from rotation.workflows.services import Services

ACTS: tuple[tuple[str, Callable[[Play], Awaitable[str]]], ...] = (
    ("enrolled", acts.enrolled),
    ("opened", acts.opened),
    ("rotated", acts.delivered),
    ("lost value", acts.lost_value),
    ("usage reading", acts.read_use),
    ("removed", acts.removed),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act that was played."""

    name: str
    well: bool
    says: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it."""

    at: datetime
    by: str
    name: str
    acts: tuple[Act, ...] = ()
    facts: tuple[Fact, ...] = ()
    left: tuple[str, ...] = ()
    """What could not be deleted, with the command that deletes it."""
    reason: str = ""
    """The slug of what stopped it."""

    @property
    def passed(self) -> bool:
        """Tell whether all acts went well, no fact is otherwise, and nothing is left."""
        wrong = any(fact.holds is Holds.OTHERWISE for fact in self.facts)
        return bool(self.facts) and all(act.well for act in self.acts) and not wrong and not self.left


type Told = Callable[[Act], None]


async def rehearse(
    services: Services, *, by: str, told: Told = lambda _act: None, rest: Rest = acts.sleep
) -> Rehearsal:
    """
    Play it, and delete everything, whatever happens: also when it is interrupted.

    What an earlier rehearsal left because it was killed is deleted first. That one passed is noted in table `control`.

    Raises:
        Refused: Everything is paused (`brake-holds`).
        AccessDenied, Unavailable: The throw-away application cannot be made.
    """
    if (pause := await services.control.pause()) is not None:
        raise Refused(f"paused by {pause.by}: {pause.reason}", reason="brake-holds", remedy="rotation resume")
    await clear(services)
    stage = Stage(services.ulids.make())
    rehearsal = Rehearsal(at=services.clock.now(), by=by, name=stage.name)
    made: ThrowAway | None = None
    left: tuple[str, ...] = ()
    try:
        application = await services.throw_aways.make(stage)
        made = ThrowAway(object_id=application.object_id, stage=stage)
        rehearsal = await _play(rehearsal, services, application, stage=stage, rest=rest, told=told)
    finally:
        left = await clear(services, made)
    rehearsal = replace(rehearsal, left=left)
    await _note(services, rehearsal)
    return rehearsal


async def _play(
    rehearsal: Rehearsal, services: Services, application: Application, *, stage: Stage, rest: Rest, told: Told
) -> Rehearsal:
    played: list[Act] = []
    try:
        await acts.is_made(services, application, rest)
        key_id, text = await acts.by_hand(services, application)
        play = Play(
            real=services,
            by=rehearsal.by,
            stage=stage,
            application=application,
            rest=rest,
            old_text=text,
            old_key=key_id,
        )
        for name, act in (("made", acts.made), *ACTS):
            played.append(await _act(play, name, act))
            told(played[-1])
        facts = await look_at_all(play)
    except RotationError as error:
        told(Act(name="stopped", well=False, says=f"{error.reason}: {error.message}", seconds=0))
        stopped = Act(name="stopped", well=False, says=error.message, seconds=0)
        return replace(rehearsal, acts=(*played, stopped), reason=error.reason)
    return replace(rehearsal, acts=tuple(played), facts=facts)


async def _act(play: Play, name: str, act: Callable[[Play], Awaitable[str]]) -> Act:
    began = play.real.clock.now()
    says = await act(play)
    return Act(name=name, well=True, says=says, seconds=(play.real.clock.now() - began).total_seconds())


async def _note(services: Services, rehearsal: Rehearsal) -> None:
    """Write down that one passed, and in the audit trail what came of each."""
    now = services.clock.now()
    wrong = ",".join(fact.id for fact in rehearsal.facts if fact.holds is Holds.OTHERWISE)
    told = {"by": rehearsal.by, "passed": rehearsal.passed, "otherwise": wrong or None, "left": len(rehearsal.left)}
    await services.control.audit(now, services.ulids.make(), "rehearsed", **told)
    if rehearsal.passed:
        await services.control.rehearsed.change(lambda _before: Rehearsed(passed_at=now, by=rehearsal.by))
