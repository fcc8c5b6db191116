# ruff: noqa: INP001  # as make_phases.py
"""
Write docs/events.md from the calls of loggers in `rotation` (`python -m docs.make_events`).

Names, levels and facts are read from the code; what an event means is said here, once. tests/unit/docs compares the
page with what this gives, and holds that every event has a meaning and every meaning an event.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "events.md"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "measured"}
MEASURED = "logging.getLogger('rotation.measured')"
"""The logger of what is counted and timed, and is no log line."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """
    What an event tells.

    Attributes:
        when: What happened.
        spread: Facts that its call takes from elsewhere, so that they are no words of the call.
        remarks: What is to be said of a fact.
    """

    when: str
    spread: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)


MEANINGS = {
    "alarm.raised": Meaning(
        "something needs a person, whether or not people were told of it today already",
        remarks={"slug": "a heading of [runbook.md](runbook.md)"},
    ),
    "audit.copied": Meaning("history was copied to the audit trail"),
    "audit.not-copied": Meaning("it could not be; it stands in the ledger until it can"),
    "connections.read": Meaning(
        "the secrets that connections, destinations and channels use were looked at",
        remarks={"wrong": "of no use", "ending": "within 14 days, or ended"},
    ),
    "contested.later": Meaning("a line could not be stopped because somebody works on it; the next look does it"),
    "delivery.blocked": Meaning(
        "a delivery stopped",
    ),
    "delivery.moved": Meaning(
        "a delivery came into another phase, and was written down",
        remarks={"seconds": "in the phase before"},
    ),
    "delivery.not-there-yet": Meaning("a destination was asked and does not hold the new value yet"),
    "digest.without-snooze": Meaning("the vault gave no key to sign links with; the digest went out without them"),
    "drift.unknown": Meaning("a destination could not be looked at again"),
    "form.not-signed": Meaning("the vault gave no key to sign a form with; its page was shown without one"),
    "http.answer-not-kept": Meaning(
        "an Idempotency-Key cannot be answered again, because its answer could not be kept"
    ),
    "http.bug": Meaning("a request met a mistake of ours"),
    "http.problem": Meaning("a request was refused"),
    "invocation.ended": Meaning(
        "a message, tick or request ended",
    ),
    "line.blocked": Meaning("a line stopped because somebody else is at work"),
    "mail.partly-refused": Meaning(
        "a mail server took a mail, and not for all its addresses", remarks={"addresses": "how many"}
    ),
    "message.completed-early": Meaning("a message was let go: a wake stands, or somebody else has gone on"),
    "message.misconfigured": Meaning("nothing can be done with these settings or this configuration"),
    "message.unreadable": Meaning("a message is none of ours, and goes to its poison queue"),
    "night.not-due": Meaning("a line that the scan found due is not any more"),
    "night.not-opened": Meaning("a due line was not opened tonight"),
    "notice.given-up": Meaning("a notice is not tried again on a channel"),
    "notice.held-already": Meaning("somebody else took a notice while quiet hours were asked"),
    "notice.not-sent": Meaning("a channel did not take a notice; it is tried again"),
    "notice.sent": Meaning("a channel took a notice"),
    "nudge.not-sent": Meaning("a message could not be sent; `recover` nudges within a minute"),
    "poison.misconfigured": Meaning("what the host gave up on could not be recorded for the configuration"),
    "poison.newer-version": Meaning(
        "the host gave up on a message of a newer version; its wake stands",
        spread=("scan", "rotation", "destination", "key"),
    ),
    "poison.not-recorded": Meaning("what the host gave up on could not be recorded for a mistake of ours"),
    "poison.nothing-left": Meaning("what the host gave up on is gone"),
    "poison.recorded": Meaning(
        "the host gave up on a message, and that was recorded", spread=("scan", "rotation", "destination", "key")
    ),
    "recover.done": Meaning("open work was looked at"),
    "rotation.blocked": Meaning("a rotation stopped"),
    "rotation.moved": Meaning(
        "a rotation came into another phase, and was written down",
        remarks={"seconds": "in the phase before"},
    ),
    "rotation.outcome-unknown": Meaning("something was sent and not answered: it is looked at before it is done again"),
    "rotation.retry": Meaning("a step is tried again later"),
    "rotation.still-stopped": Meaning("what was stopped was looked at again, and stays so"),
    "scan.finished": Meaning(
        "a scan ended; `complete` is false where it did not read everything",
        spread=("scan", "passes", "complete", "dry_run", "seconds", "count_*"),
    ),
    "scan.incomplete": Meaning("a pass of a scan could not read everything"),
    "state.blocked": Meaning("once an hour, for each reason for which something is stopped"),
    "state.measured": Meaning(
        "once an hour: what is so now",
        remarks={
            "last_days": "current secret ends within 7 days",
            "complete_scan": "seconds since 1970",
            "paused": "0 or 1",
        },
    ),
    "timer.later": Meaning("a timer could not do its work now, and does it at its next turn"),
    "turn.not-handed-on": Meaning("who waits for a shared resource was not told; `recover` does it"),
    "usage.unread": Meaning("a usage source could not be read: nothing is concluded from it"),
    "wire.answered": Meaning(
        "a service was called",
        remarks={"service": "host, and its port where that is not 443", "status": "0: no answer"},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One call of a logger: its event, the method's name, the facts that are words of the call, and its place."""

    event: str
    level: str
    measured_only: bool
    facts: tuple[str, ...]
    where: str


@cache
def logged() -> tuple[Logged, ...]:
    """Give every call of a logger; an event that is no literal is told as an empty one."""
    return tuple(call for path in sorted((ROOT / "rotation").rglob("*.py")) for call in _of(path))


def _of(path: Path) -> Iterator[Logged]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    measured = MEASURED in ast.unparse(module)
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            dicts = dict(_dicts(function))
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=logger), attr=level)) if (
                        logger in LOGGERS and level in LEVELS
                    ):
                        yield Logged(
                            event=_event(node),
                            level=level,
                            measured_only=measured,
                            facts=tuple(_facts(node, dicts)),
                            where=f"{path.relative_to(ROOT)}:{node.lineno}",
                        )


def _dicts(function: ast.AST) -> Iterator[tuple[str, ast.Dict]]:
    """Give what the function puts into variables, to be spread into facts."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as value):
                yield name, value


def _event(call: ast.Call) -> str:
    match call.args:
        case [ast.Constant(value=str() as event)]:
            return event
        case _:
            return ""


def _facts(call: ast.Call, dicts: Mapping[str, ast.Dict]) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "extra":
            yield from _keys(keyword.value, dicts)


def _keys(facts: ast.expr, dicts: Mapping[str, ast.Dict]) -> Iterator[str]:
    match facts:
        case ast.Name(id=name) if name in dicts:
            yield from _keys(dicts[name], dicts)
        case ast.Dict(keys=names, values=values):
            for key, value in zip(names, values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value)
                elif key is None:
                    yield from _keys(value, dicts)


def page() -> str:
    """Give the page's text."""
    return "\n".join([*HEAD, *_rows(), ""])


HEAD = (
    "# Events",
    "",
    "What the code logs, one name each. Names are stable: alerts (`infra/queries`), workbooks and your own queries may",
    "build on them; one that goes or changes its meaning is in the [CHANGELOG](../CHANGELOG.md). Made by",
    "`python -m docs.make_events` from the calls themselves; a test keeps them equal.",
    "",
    "Facts are ids, slugs, counts and names from your own configuration: never a value, an address of a person or a",
    "display name ([telemetry.md](telemetry.md) says what stands behind that). In Log Analytics an event is a row of",
    "`AppTraces` whose `Message` is its name and whose `Properties` are its facts; those told with a traceback",
    "are rows of `AppExceptions`.",
    "",
    "| event | level | when | facts |",
    "|---|---|---|---|",
)


def _rows() -> Iterator[str]:
    for event, meaning in sorted(MEANINGS.items()):
        calls = [each for each in logged() if each.event == event]
        facts = ", ".join(_fact(name, meaning) for name in facts_of(event))
        yield f"| `{event}` | {' or '.join(dict.fromkeys(map(_level, calls)))} | {meaning.when} | {facts} |"


def described() -> dict[str, tuple[str, frozenset[str]]]:
    """Give level and facts of each event."""
    return {each.event: (each.level, frozenset(facts_of(each.event))) for each in logged()}


def facts_of(event: str) -> list[str]:
    """Give the facts of an event: what is spread into its calls, and their own."""
    own = (fact for each in logged() if each.event == event for fact in each.facts)
    return list(dict.fromkeys([*MEANINGS[event].spread, *own]))


def _fact(name: str, meaning: Meaning) -> str:
    return f"`{name}` ({meaning.remarks[name]})" if name in meaning.remarks else f"`{name}`"


def _level(call: Logged) -> str:
    level = "error, with a traceback" if call.level == "exception" else call.level
    return f"{level}, measured only" if call.measured_only else level


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
