"""Let time pass in a run: storms, scans, people, and waiting until only time or a person helps."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.chaos import ledger
from sandbox.chaos.havoc import rage
from sandbox.chaos.scene import Scene

DAY = timedelta(days=1, minutes=2)
"""A little more, so that what is looked at daily is due when the day has moved."""
WEEK = timedelta(days=7, minutes=2)
QUEUES = ("scans", "rotations", "deliveries", "notices")
_SETTLES = 120.0
_SCANS = 60.0
_ASK_AGAIN = 8.0
_WORK_WITHIN = 4.0
_SCANNING = timedelta(seconds=4)
"""How far the clock is moved while a scan or a notice waits for its turn and nobody works."""
_SKIP_FROM = timedelta(seconds=2)
_SKIP_TO = timedelta(hours=3)
_STANDS = frozenset({"done", "stopped"})


def storm(scene: Scene, seconds: float) -> None:
    """Scan, let it storm for so long from when the night opens, and wait in calm weather until all stands."""
    _scan(scene, over=lambda known: _complete(scene, known))
    scene.weather.storm()
    _wait_for_work(scene)
    rage(scene, seconds)
    scene.weather.calm()
    settle(scene)


def _wait_for_work(scene: Scene) -> None:
    until = time.monotonic() + _WORK_WITHIN
    while not ledger.read(scene.books).moving() and time.monotonic() < until:
        time.sleep(0.1)


def scan(scene: Scene) -> None:
    """Have a complete scan now, and its opening."""
    _scan(scene, over=lambda known: _complete(scene, known) and _opened(scene))


def _scan(scene: Scene, *, over: Callable[[set[str]], bool]) -> None:
    known = {row["RowKey"] for row in scene.books.rows("scans")}
    asked = -_ASK_AGAIN
    until = time.monotonic() + _SCANS
    while time.monotonic() < until:
        if time.monotonic() - asked > _ASK_AGAIN:
            scene.hosts.ask("nightly_scan")
            asked = time.monotonic()
        if over(known):
            return
        time.sleep(0.1)
        if scene.hosts.quiet():
            scene.hosts.move(_SCANNING)
    scene.history.note("no scan was complete in time", aloud=True)


def _complete(scene: Scene, known: set[str]) -> bool:
    fresh = [json.loads(row["state"]) for row in scene.books.rows("scans") if row["RowKey"] not in known]
    return any(each["finished_at"] and each["complete"] for each in fresh)


def _opened(scene: Scene) -> bool:
    nights = [json.loads(row["state"]) for row in scene.books.rows("control") if row["RowKey"] == "night"]
    return all(night["state"] in _STANDS for night in nights)


def settle(scene: Scene) -> None:
    """Wait, in sandbox time without waiting for it, until each rotation stands where only a day or a person helps."""
    until = time.monotonic() + _SETTLES
    while moving := _moving(scene):
        if time.monotonic() > until:
            scene.history.note(f"still under way: {_told(scene, moving)}", aloud=True)
            return
        if not _skip(scene, moving):
            time.sleep(0.2)


def _moving(scene: Scene) -> list[str]:
    if moving := ledger.read(scene.books).moving():
        return moving
    scans = [json.loads(row["state"]) for row in scene.books.rows("scans")]
    if not all(each["finished_at"] for each in scans):
        return ["scan"]
    if not _opened(scene):
        return ["night"]
    if scene.books.rows("notices"):
        return ["notices"]
    return ["messages"] if any(scene.books.waiting(queue) for queue in QUEUES) else []


def _told(scene: Scene, moving: list[str]) -> str:
    rotations = ledger.read(scene.books).rotations
    return ", ".join(f"{each} {rotations[each]['phase']['phase']}" if each in rotations else each for each in moving)


def _skip(scene: Scene, moving: list[str]) -> bool:
    """Move the clock to the next wake of what is under way, when nobody works."""
    if not scene.hosts.quiet():
        return False
    if moving == ["notices"] and any(json.loads(row["state"])["news"] for row in scene.books.rows("notices")):
        scene.hosts.ask("daily_digest")
    if moving in (["scan"], ["night"], ["notices"]):
        scene.hosts.move(_SCANNING)
        return True
    now = scene.cloud.clock.now()
    wakes = ledger.read(scene.books).wakes
    ahead = [at for key, at in wakes.items() if key.split("|")[1] in moving and at > now]
    due = [at for key, at in wakes.items() if key.split("|")[1] in moving and at <= now]
    wait: timedelta = min(ahead, default=now) - now
    if due or not _SKIP_FROM < wait < _SKIP_TO:
        return False
    scene.hosts.move(wait)
    return True


def pass_time(scene: Scene, span: timedelta) -> None:
    """Move on in calm weather: the clocks, and everybody signs in with what they hold."""
    scene.hosts.move(span)
    sign_in(scene)
    scene.history.note(f"{span.days} days later", aloud=True)


def sign_in(scene: Scene) -> None:
    """Let everybody downstream sign in, and note who cannot because of a removal of ours."""
    asyncio.run(scene.cloud.downstream.sign_in_all())
    removed = {
        each.text: each for each in _minted(scene) if each.removed_by == scene.cloud.app[0] and each.text is not None
    }
    for holder in list(scene.cloud.downstream.holders.values()):
        credential = removed.get(holder.text)
        if credential is not None and holder.last is not None and not holder.last.ok:
            known = f"{holder.name} holds {credential.key_id}, which we removed at {_short(credential.removed_at)}"
            scene.lockouts.add(known)


def _short(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "some time"


def _minted(scene: Scene) -> list[Any]:
    with scene.cloud.entra.directory.lock:
        return list(scene.cloud.entra.truth.minted.values())
