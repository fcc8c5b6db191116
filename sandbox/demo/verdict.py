"""The end of a demo: the report's file, the verdict, and addresses for whoever wants to look around."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from sandbox.demo.asked import Asked
from sandbox.demo.screen import Screen, sign
from sandbox.demo.stage import Stage
from sandbox.running.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What must be true and is not; empty is good."""

    problems: Sequence[str]

    @property
    def code(self) -> int:
        return 1 if self.problems else 0


def conclude(asked: Asked, stage: Stage, found: tuple[dict[str, Any], list[str]]) -> Verdict:
    """Write the report, say the verdict, and serve until Ctrl-C unless `--exit`."""
    report, problems = found
    if asked.report is not None:
        _write(asked.report, report)
    _say(stage.screen, problems, seconds=report["duration_s"])
    if not asked.leave:
        _serve(stage.world, stage.screen)
    return Verdict(problems=problems)


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say(screen: Screen, problems: Sequence[str], *, seconds: float) -> None:
    screen.show(Text())
    if not problems:
        screen.show(sign("done", f"Everything is as it must be, after {seconds:.0f} s."))
    for problem in problems:
        screen.show(sign("expired", problem))


def _serve(world: World, screen: Screen) -> None:
    screen.title("Look around (Ctrl-C ends it, and leaves nothing behind)")
    screen.show(Text(f"  dashboard: {world.url} (sign in as Alma Administrator, who may do everything)"))
    key = world.host.function_key
    for path in ("lines", "health"):
        screen.show(Text(f"  curl -k '{world.host.url}/api/{path}?code={key}'", overflow="fold"))
    screen.show(Text(f"  control of the sandbox: {world.cloud.urls['control']}/state", style="dim"))
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.show(Text("Everything is ended."))
