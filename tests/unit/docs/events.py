"""Collect the events that the code of `rotation` logs, and the table that describes them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "measured"}
ROW = re.compile(r"^\| `([^`]+)` \| (\w+)[^|]*\| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Logged:
    event: str
    level: str
    facts: frozenset[str]
    where: str


def logged() -> list[Logged]:
    """Give every call of a logger; an event that is no literal is told as an empty one."""
    found = []
    for path in sorted((ROOT / "rotation").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=logger), attr=level)) if (
                    logger in LOGGERS and level in LEVELS
                ):
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    found.append(Logged(event=_event(node), level=level, facts=frozenset(_facts(node)), where=where))
    return found


def _event(call: ast.Call) -> str:
    match call.args:
        case [ast.Constant(value=str() as event)]:
            return event
        case _:
            return ""


def _facts(call: ast.Call) -> Iterator[str]:
    """Give the keys that are literals; what is spread into it from elsewhere is described, not checked."""
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            for key in keyword.value.keys:
                if isinstance(key, ast.Constant):
                    yield str(key.value)


def described() -> dict[str, tuple[str, frozenset[str]]]:
    """Give level and facts of each event of docs/events.md."""
    page = (ROOT / "docs" / "events.md").read_text()
    return {event: (level, frozenset(re.findall(r"`([\w*]+)`", facts))) for event, level, facts in ROW.findall(page)}
