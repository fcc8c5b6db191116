"""The first night: enrol what owners agreed to, scan, and follow until nothing gets further without time or people."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.demo.configuration import mail
from sandbox.demo.screen import Work
from sandbox.demo.stage import Stage
from sandbox.running.settling import place_secrets
from sandbox.tenant.cast.members import Placed, Wish

LOOK_EVERY = 0.5
STANDS = frozenset({"blocked", "waiting", "overlapping", "healthy"})
_NIGHT = 60.0
_FINISH = 10.0


def enrol(stage: Stage) -> int:
    """Let each owner enrol their application at the command line; give how many lines there are."""
    willing = [member for member in stage.members if member.wish is Wish.ENROL]
    with stage.screen.working(f"{len(willing)} owners say yes: rotation enrol", total=len(willing)) as work:
        for number, member in enumerate(willing, start=1):
            owner = mail(member.owner, stage.tenant.default_domain)
            stage.terminal.ask("enrol", member.object_id, "--unrehearsed", by=owner)
            place_secrets(stage.world.cloud, member, Placed.AFTER_ENROLMENT)
            work.tell(f"{member.display_name}: {member.owner.name}", done=number)
    return len(willing)


def scan(stage: Stage) -> None:
    """Run the nightly scan as its timer would, and wait until it has ended."""
    before = stage.finished("scan")
    with stage.screen.working("the nightly scan reads every application") as work:
        stage.run_now("nightly_scan")
        stage.run_now("weekly_passes")
        until = time.monotonic() + _NIGHT
        while stage.finished("scan") == before and time.monotonic() < until:
            work.tell("reading", aloud=False)
            time.sleep(0.1)
        stage.wait_until_quiet()


def follow(stage: Stage, expected: int) -> list[dict[str, Any]]:
    """Show every line's way through its phases, until each stands where only time or a person helps."""
    seen: dict[str, str] = {}
    text = "due secrets: minted, kept, proven, published, delivered, verified"
    with stage.screen.working(text, total=expected) as work:
        until = time.monotonic() + _NIGHT
        while True:
            lines = stage.lines()
            _tell(work, lines, seen)
            if _all_stand(lines) or time.monotonic() > until:
                return lines
            time.sleep(LOOK_EVERY)


def let_finish(stage: Stage) -> None:
    """Give what is being removed the seconds that its two spaced reads take."""
    until = time.monotonic() + _FINISH
    with stage.screen.working("the last removals are read back, twice"):
        while any(line["phase"] == "retiring" for line in stage.lines()) and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
        stage.wait_until_quiet()


def _tell(work: Work, lines: Sequence[Mapping[str, Any]], seen: dict[str, str]) -> None:
    stand = sum(_stands(line) for line in lines)
    for line in lines:
        now = f"{line['phase'] or 'not begun'}, {line['says']}" if line["state"] != "under-way" else line["phase"]
        if seen.get(line["application"]) != now:
            first = line["application"] not in seen
            seen[line["application"]] = now
            if not first:
                work.tell(f"{line['name'][:24]}: {line['phase'] or line['says']}", done=stand)
    work.tell(_counts(lines), done=stand, aloud=False)


def _counts(lines: Sequence[Mapping[str, Any]]) -> str:
    phases = [line["phase"] for line in lines if line["state"] in {"under-way", "expired"} and line["phase"]]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in dict.fromkeys(phases)) or "opening"


def _stands(line: Mapping[str, Any]) -> bool:
    return line["state"] in STANDS and bool(line["phase"] or line["state"] == "blocked")


def _all_stand(lines: Sequence[Mapping[str, Any]]) -> bool:
    return all(_stands(line) and line["phase"] != "retiring" for line in lines)
