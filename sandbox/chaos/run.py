"""One run: enrol, storms while rotations begin, quiet weeks, storms while old secrets go, and the judgement."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.chaos import ledger
from sandbox.chaos.asked import Asked
from sandbox.chaos.characters import Trouble
from sandbox.chaos.days import DAY, WEEK, pass_time, scan, settle, sign_in, storm
from sandbox.chaos.history import History
from sandbox.chaos.judge import judge
from sandbox.chaos.people import act, enrol, strangers
from sandbox.chaos.scene import Scene, scene

BEGINNING, LATER = 8.0, 5.0
"""Seconds of storm on a day when rotations begin, and on a later one."""
CALM_WEEKS = 5
LAST_DAYS = 3
_KNOWN = {"PartitionKey", "RowKey", "what", "at", "application", "line"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run: `figures` add up over runs, `broken` names each broken promise with its cases."""

    seed: int
    figures: Mapping[str, Any]
    broken: Mapping[str, list[str]]
    history: History

    @property
    def good(self) -> bool:
        return not any(self.broken.values())


def play(asked: Asked, seed: int) -> Outcome:
    """Play one run and judge it."""
    with scene(asked, seed) as now:
        now.history.note(f"seed {seed}: {len(now.characters)} lines", aloud=True)
        _live(now, asked)
        broken = judge(now)
        if any(broken.values()):
            _tell_events(now)
        return Outcome(seed=seed, figures=figures(now), broken=broken, history=now.history)


def _live(now: Scene, asked: Asked) -> None:
    now.weather.calm()
    enrol(now)
    for day in range(asked.windows):
        storm(now, BEGINNING)
        strangers(now)
        act(now)
        settle(now)
        _tell(now, f"storm {day + 1} is over")
        pass_time(now, DAY)
    for _week in range(CALM_WEEKS):
        scan(now)
        act(now)
        settle(now)
        pass_time(now, WEEK)
    for day in range(asked.windows):
        storm(now, LATER)
        _tell(now, f"late storm {day + 1} is over")
        pass_time(now, DAY)
    for _day in range(LAST_DAYS):
        scan(now)
        settle(now)
        pass_time(now, DAY)
    settle(now)
    sign_in(now)
    _tell(now, "the end")


def _tell(now: Scene, what: str) -> None:
    phases = Counter(_standing(rotation["phase"]) for rotation in ledger.read(now.books).rotations.values())
    told = ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))
    now.history.note(f"{what}: {told}; {now.hosts.kills} kills", aloud=True)


def _standing(phase: Mapping[str, Any]) -> str:
    return f"{phase['phase']} ({phase['reason']})" if phase["phase"] == "blocked" else str(phase["phase"])


def _tell_events(now: Scene) -> None:
    """Put what the app wrote down of rotations that have not ended into the history: what it did is half of it."""
    read = ledger.read(now.books)
    unended = {ulid for ulid, each in read.rotations.items() if each["phase"]["phase"] not in ledger.ENDED}
    for event in read.events:
        if event.get("rotation") in unended:
            facts = {name: value for name, value in event.items() if name not in _KNOWN}
            now.history.note(f"the app, {event['at']:%Y-%m-%d %H:%M:%S}: {event['what']} {facts}")


def figures(now: Scene) -> dict[str, Any]:
    """Count what there was."""
    rotations = ledger.read(now.books).rotations.values()
    free = {each.object_id for each in now.characters if each.trouble is Trouble.NONE}
    undisturbed = [each for each in rotations if ledger.application_of(each) in free]
    phases = Counter(each["phase"]["phase"] for each in rotations)
    done = sum(each["phase"]["phase"] == "completed" for each in undisturbed)
    ended = {name: phases[name] for name in ("completed", "closed", "abandoned")}
    waiting = sum(count for phase, count in phases.items() if phase not in {*ended, "blocked"})
    reasons = Counter(each["phase"]["reason"] for each in rotations if each["phase"]["phase"] == "blocked")
    return {
        "kills": now.hosts.kills,
        "faults": dict(now.weather.counts),
        "rotations": {
            "undisturbed": len(undisturbed),
            "undisturbed_completed": done,
            **ended,
            "waiting": waiting,
        },
        "blocked": dict(reasons),
        "seconds": now.history.seconds,
    }
