"""What runs and what ran: counts for whoever waits for quiet, and one structured log line an invocation."""

import json
import logging
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sandbox.host.worker import Answer, current_invocation

type Outcome = Literal["succeeded", "failed"]

_REMEMBERED = 200
_LOG = logging.getLogger("sandbox.host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One invocation under way."""

    invocation_id: str
    function: str
    reason: str
    began: float


class Journal:
    """Count invocations and log each when it ends."""

    def __init__(self) -> None:
        self.under_way: dict[str, Ticket] = {}
        self._ended: Counter[tuple[str, Outcome]] = Counter()
        self._recent: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)

    def begin(self, invocation_id: str, function: str, reason: str) -> Ticket:
        ticket = Ticket(invocation_id=invocation_id, function=function, reason=reason, began=time.perf_counter())
        self.under_way[invocation_id] = ticket
        return ticket

    def end(self, ticket: Ticket, answer: Answer) -> None:
        outcome: Outcome = "succeeded" if answer.succeeded else "failed"
        line = {
            "event": "invocation",
            "function": ticket.function,
            "invocation_id": ticket.invocation_id,
            "reason": ticket.reason,
            "outcome": outcome,
            "duration_ms": round((time.perf_counter() - ticket.began) * 1000),
        }
        del self.under_way[ticket.invocation_id]
        self._ended[ticket.function, outcome] += 1
        self._recent.append(line)
        failure = {} if answer.succeeded else {"error": answer.error, "stack": answer.stack}
        level = logging.INFO if answer.succeeded else logging.ERROR
        _LOG.log(level, "Executed 'Functions.%s' (%s)", ticket.function, outcome, extra={"fields": line | failure})

    def report(self) -> dict[str, Any]:
        """Return counts in flight and done, in all and by function, and the most recent ends."""
        functions: dict[str, dict[str, int]] = {}
        for (function, outcome), count in sorted(self._ended.items()):
            functions.setdefault(function, {})[outcome] = count
        totals = {outcome: sum(c.get(outcome, 0) for c in functions.values()) for outcome in ("succeeded", "failed")}
        return {
            "in_flight": len(self.under_way),
            "running": sorted(ticket.function for ticket in self.under_way.values()),
            **totals,
            "functions": functions,
            "recent": list(self._recent),
        }


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"fields", "message", "asctime", "taskName"}


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        invocation_id = current_invocation.get()
        if invocation_id:
            line["invocation_id"] = invocation_id
        # What the app hands over as `extra` goes to Application Insights in Azure, so it is told here too.
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to(path: Path | None) -> None:
    """Send every log record of this process, the app's too, as JSON lines to a file or to stderr."""
    handler = logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # As host.json's logLevel has it in Azure: what libraries say about every request would hide what the app says.
    for name in ("sandbox.host.storage", "azure", "httpx", "httpcore", "msal"):
        logging.getLogger(name).setLevel(logging.WARNING)
